"""A git server that wants a login: HTTPS, git's own http-backend behind it, and nobody let in without the token."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.harness.registry import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class GitServer:
    """Serves the bare repositories below `directory` to any user whose password is `token`; `seen`: their logins."""

    def __init__(self, directory: Path, token: str) -> None:
        self._directory = directory
        self._token = token
        self.certificate, self._key = make_certificate(directory / "tls")
        self.url = ""
        self.seen: list[str] = []

    @contextmanager
    def running(self) -> Iterator[GitServer]:
        """Serve on a free port of 127.0.0.1 until the block ends."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                outer._answer(self)

            def do_POST(self) -> None:
                outer._answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self._key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.url = f"https://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        logins = request.headers.get_all("Authorization") or []
        if len(logins) != 1 or not self._is_let_in(logins[0]):
            request.send_response(401 if not logins else 403)
            request.send_header("WWW-Authenticate", 'Basic realm="git"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        self.seen.append(logins[0])
        answer_by_git(request, self._directory)

    def _is_let_in(self, login: str) -> bool:
        kind, _, value = login.partition(" ")
        try:
            return kind.lower() == "basic" and base64.b64decode(value).decode().partition(":")[2] == self._token
        except ValueError:
            return False


def answer_by_git(request: BaseHTTPRequestHandler, directory: Path) -> None:
    """Let git's own http-backend answer a request for a repository below `directory`."""
    parts = urlsplit(request.path)
    body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(directory),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_USER": "bot",
        "REQUEST_METHOD": request.command,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
    }
    result = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False)
    head, _, content = result.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    request.send_response(int(headers.pop("Status", "200 OK").split()[0]))
    headers["Content-Length"] = str(len(content))
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)
