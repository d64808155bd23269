"""The engine's own BuildKit at an address of its own, as a rootless BuildKit service has one in a GitLab job."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"
"""How the engine is asked for its BuildKit: https://docs.docker.com/reference/api/engine, "Session" and "grpc"."""


@contextmanager
def buildkit() -> Iterator[str]:
    """The address of the engine's BuildKit, by TCP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_connect, args=(client,), daemon=True).start()


def _connect(client: socket.socket) -> None:
    path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    with client, socket.socket(socket.AF_UNIX) as engine:
        engine.connect(path)
        engine.sendall(_UPGRADE)
        head = b""
        while b"\r\n\r\n" not in head:
            head += engine.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        back = threading.Thread(target=_pump, args=(client, engine), daemon=True)
        back.start()
        _pump(engine, client)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
