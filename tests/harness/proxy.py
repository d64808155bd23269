"""A server that misbehaves on demand: in front of a real registry, or alone.

Rules are tried in order, the first that matches and isn't used up acts. A behaviour gets the `Exchange` and does with
it what it likes: forward it, answer it, break it off.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import ssl
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Behaviour = Callable[["Exchange"], None]

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


@dataclass
class Answer:
    """A response, before it is sent."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Exchange:
    """One request on its way through."""

    method: str
    path: str
    """With its query; an absolute URL where the server is used as a proxy."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    handler: BaseHTTPRequestHandler
    upstream: str
    status: int = 0
    """What the client got; 0: nothing."""

    def forward(self, **headers: str | None) -> Answer:
        """Ask upstream, with these headers set, or left out where None."""
        sent = {name: value for name, value in self.headers.items() if name not in _HOP_BY_HOP}
        for name, value in headers.items():
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        try:
            connection.request(self.method, self.path, self.body, sent)
            response = connection.getresponse()
            kept = {name.lower(): value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
            return Answer(response.status, kept, response.read())
        finally:
            connection.close()

    def answer(self, answer: Answer) -> None:
        """Send a whole response."""
        self.status = answer.status
        self.handler.send_response(answer.status)
        headers = dict(answer.headers)
        headers.setdefault("content-length", str(len(answer.body)))
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        if self.method != "HEAD":
            self.handler.wfile.write(answer.body)

    def drop(self) -> None:
        """Break the connection off with a reset."""
        self.handler.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.handler.connection.shutdown(socket.SHUT_RD)
        self.handler.connection.close()


@dataclass
class Rule:
    """`behaviour` for requests of this method (empty: any) whose path matches, after `skip`, `times` times."""

    method: str
    path: str
    behaviour: Behaviour
    times: int = 1
    skip: int = 0

    def matches(self, exchange: Exchange) -> bool:
        """True if it is this rule's turn."""
        if self.method not in ("", exchange.method) or not re.search(self.path, exchange.path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return self.times >= 0


@dataclass
class FaultServer:
    """The server. `upstream`: host and port of the registry behind; empty: what no rule answers is 404."""

    upstream: str = ""
    rules: list[Rule] = field(default_factory=list)
    seen: list[Exchange] = field(default_factory=list)
    host: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rule(self, method: str, path: str, behaviour: Behaviour, *, times: int = 1, skip: int = 0) -> None:
        """Add a rule."""
        self.rules.append(Rule(method, path, behaviour, times, skip))

    def count(self, method: str, path: str = "") -> int:
        """How many requests of this method with such a path arrived."""
        return sum(1 for e in self.seen if e.method == method and re.search(path, e.path))

    def reset(self) -> None:
        """Forget rules and what was seen."""
        self.rules.clear()
        self.seen.clear()

    def handle(self, exchange: Exchange) -> None:
        """Let the first rule act, else forward."""
        with self._lock:
            self.seen.append(exchange)
            behaviour = next((rule.behaviour for rule in self.rules if rule.matches(exchange)), None)
        if behaviour:
            behaviour(exchange)
        elif self.upstream:
            exchange.answer(exchange.forward())
        else:
            exchange.answer(Answer(404, {}))

    @contextmanager
    def running(self, tls: tuple[Path, Path] | None = None, *, port: int = 0) -> Iterator[FaultServer]:
        """Serve until the block ends; with `tls`, a certificate and its key, by HTTPS. `port` 0: a free one."""
        faults = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if len(body) < length:
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                with suppress(OSError):
                    faults.handle(Exchange(self.command, self.path, headers, body, self, faults.upstream))

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                """Keep quiet."""

        with _QuietServer(("127.0.0.1", port), Handler) as server:
            self.host = f"127.0.0.1:{server.server_port}"
            if tls:
                server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                server.context.load_cert_chain(*tls)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, object]:
        """The next connection; where TLS is spoken, plain HTTP gets the answer that Go's servers give it."""
        connection, address = super().get_request()
        if self.context is None:
            return connection, address
        if connection.recv(1, socket.MSG_PEEK) == b"\x16":
            return self.context.wrap_socket(connection, server_side=True), address
        connection.recv(65536)
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
        connection.close()
        message = "that was no TLS"
        raise ConnectionError(message)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what half of the tests are about."""

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        with suppress(OSError):
            super().shutdown_request(request)


def answers(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """Answer this; upstream hears nothing."""
    return lambda exchange: exchange.answer(Answer(status, dict(headers or {}), body))


def resets(exchange: Exchange) -> None:
    """Break off before upstream heard of it."""
    exchange.drop()


def loses_reply(exchange: Exchange) -> None:
    """Upstream does it, the client never learns."""
    exchange.forward()
    exchange.drop()


def kills(victims: Sequence[int], *, arrives: bool) -> Behaviour:
    """The first of these processes dies, before the request arrives or before its reply does."""

    def behave(exchange: Exchange) -> None:
        if arrives:
            exchange.forward()
        os.kill(victims[0], signal.SIGKILL)
        exchange.drop()

    return behave


def truncates(keep: int) -> Behaviour:
    """The whole answer's headers, then only so many bytes of its body."""

    def behave(exchange: Exchange) -> None:
        answer = exchange.forward()
        full = str(len(answer.body))
        exchange.handler.close_connection = True
        exchange.answer(Answer(answer.status, {**answer.headers, "content-length": full}, answer.body[:keep]))

    return behave


def changes(*, body: bytes | None = None, **headers: str | None) -> Behaviour:
    """Upstream's answer with another body, and headers set (`_` for `-`), or left out where None."""

    def behave(exchange: Exchange) -> None:
        answer = exchange.forward()
        if body is not None:
            answer.body = body
            answer.headers.pop("content-length", None)
        for name, value in headers.items():
            answer.headers.pop(name.replace("_", "-"), None)
            if value is not None:
                answer.headers[name.replace("_", "-")] = value
        exchange.answer(answer)

    return behave


def forgets_login(exchange: Exchange) -> None:
    """Forward without the Authorization: the registry itself answers as it does to an expired token."""
    exchange.answer(exchange.forward(authorization=None))


def drips(chunk: bytes, pause: float, *, headers_first: bool = True) -> Behaviour:
    """Send `chunk` again and again, `pause` seconds apart, until the client hangs up."""

    def behave(exchange: Exchange) -> None:
        handler = exchange.handler
        handler.close_connection = True
        if headers_first:
            handler.send_response(200)
            handler.send_header("content-length", "1000000")
            handler.end_headers()
        gone = threading.Event()
        for _ in range(2000):
            handler.wfile.write(chunk)
            handler.wfile.flush()
            gone.wait(pause)

    return behave
