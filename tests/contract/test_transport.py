"""The transport against a server that does what servers shouldn't."""

from __future__ import annotations

import gzip
import socket
import time
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.answers import HttpError
from ci_toolkit.deadlines import Limits
from ci_toolkit.errors import UsageError
from ci_toolkit.transport import Transport
from tests.harness.proxy import Answer, Exchange, FaultServer, answers, drips, resets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = Limits(connect=1, idle=0.5, total=1.0)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer().running() as running:
        yield running


@pytest.fixture
def other() -> Iterator[FaultServer]:
    with FaultServer().running() as running:
        yield running


@pytest.fixture
def transport() -> Iterator[Transport]:
    opened = Transport(env={}, limits=QUICK)
    yield opened
    opened.close()


def url(server: FaultServer, path: str = "/x") -> str:
    return f"http://{server.host}{path}"


def test_an_answer_is_whole_with_lower_case_headers(server: FaultServer, transport: Transport) -> None:
    server.rule("GET", "/x", answers(200, {"X-Thing": "1"}, b"hello"))
    reply = transport.request("GET", url(server))
    assert (reply.status, reply.headers["x-thing"], reply.body) == (200, "1", b"hello")
    assert server.seen[0].headers["accept-encoding"] == "identity"
    assert server.seen[0].headers["user-agent"].startswith("ci-toolkit/")


def test_an_error_status_is_an_answer(server: FaultServer, transport: Transport) -> None:
    assert transport.request("GET", url(server)).status == 404


def test_a_body_can_be_sent_twice(server: FaultServer, transport: Transport) -> None:
    server.rule("PUT", "/x", answers(307, {"Location": "/y"}))
    server.rule("PUT", "/y", answers(201))
    assert transport.request("PUT", url(server), body=b"abc").status == 201
    assert [exchange.body for exchange in server.seen] == [b"abc", b"abc"]


def test_no_body_goes_to_another_host(server: FaultServer, other: FaultServer, transport: Transport) -> None:
    server.rule("POST", "/x", answers(307, {"Location": url(other)}))
    with pytest.raises(HttpError, match="isn't sent to another"):
        transport.request("POST", url(server), body=b"refresh_token=secret")
    assert other.seen == []


def test_authorization_stays_with_its_host(server: FaultServer, other: FaultServer, transport: Transport) -> None:
    server.rule("GET", "/x", answers(302, {"Location": "/same"}))
    server.rule("GET", "/same", answers(307, {"Location": url(other, "/blob?sig=1")}))
    other.rule("GET", "/blob", answers(200, body=b"data"))
    assert transport.request("GET", url(server), headers={"Authorization": "Basic c2VjcmV0"}).body == b"data"
    assert [exchange.headers.get("authorization") for exchange in server.seen] == ["Basic c2VjcmV0"] * 2
    assert "authorization" not in other.seen[0].headers


def test_a_redirect_loop_ends(server: FaultServer, transport: Transport) -> None:
    server.rule("GET", "", answers(302, {"Location": "/x"}), times=100)
    with pytest.raises(HttpError, match="more than 5 redirects") as caught:
        transport.request("GET", url(server))
    assert caught.value.exit_code == 4
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:pw@127.0.0.1/x", "http://["]
)
def test_a_bad_redirect_is_refused(server: FaultServer, transport: Transport, target: str) -> None:
    server.rule("GET", "/x", answers(302, {"Location": target}))
    with pytest.raises(HttpError, match="refused") as caught:
        transport.request("GET", url(server))
    assert "pw" not in str(caught.value)


def test_a_public_host_may_not_lead_to_a_private_address(server: FaultServer) -> None:
    env = {"HTTP_PROXY": f"http://{server.host}"}
    transport = Transport(env=env, limits=QUICK, resolve=lambda _: ["93.184.216.34"])
    server.rule("GET", "registry.example", answers(302, {"Location": "http://169.254.169.254/latest"}))
    with pytest.raises(HttpError, match="private address"):
        transport.request("GET", "http://registry.example/x")
    transport.close()
    assert [exchange.path for exchange in server.seen] == ["http://registry.example/x"]


def test_loopback_is_never_asked_through_a_proxy(server: FaultServer, other: FaultServer) -> None:
    transport = Transport(env={"HTTP_PROXY": f"http://{other.host}", "ALL_PROXY": f"http://{other.host}"})
    server.rule("GET", "/x", answers(200, body=b"direct"))
    assert transport.request("GET", url(server)).body == b"direct"
    transport.close()
    assert other.seen == []


def test_cookies_are_not_kept(server: FaultServer, transport: Transport) -> None:
    server.rule("GET", "/x", answers(200, {"Set-Cookie": "session=1; Path=/"}), times=2)
    transport.request("GET", url(server))
    transport.request("GET", url(server))
    assert "cookie" not in server.seen[1].headers


def test_a_body_over_its_cap_is_refused(server: FaultServer, transport: Transport) -> None:
    server.rule("GET", "/x", answers(200, body=b"a" * 1001))
    with pytest.raises(HttpError, match="more than the 1000 bytes"):
        transport.request("GET", url(server), cap=1000)


def test_of_an_error_only_the_beginning_is_kept(server: FaultServer, transport: Transport) -> None:
    server.rule("GET", "/x", answers(500, body=b"a" * 1_000_000))
    assert len(transport.request("GET", url(server), cap=10).body) == 64 * 1024


def test_a_gzip_bomb_is_not_unpacked(server: FaultServer, transport: Transport) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    server.rule("GET", "/x", answers(200, {"Content-Encoding": "gzip"}, bomb))
    with pytest.raises(HttpError, match="nobody asked for") as caught:
        transport.request("GET", url(server))
    assert caught.value.exit_code == 4


def test_a_broken_off_body_is_temporary(server: FaultServer, transport: Transport) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.handler.close_connection = True
        exchange.answer(Answer(200, {"content-length": "100"}, b"only this"))

    server.rule("GET", "/x", cut)
    with pytest.raises(HttpError, match="broke off") as caught:
        transport.request("GET", url(server))
    assert caught.value.temporary


def test_a_reset_is_temporary_and_shows_no_query(server: FaultServer, transport: Transport) -> None:
    server.rule("GET", "/x", resets)
    with pytest.raises(HttpError) as caught:
        transport.request("GET", url(server, "/x?signature=secret"))
    assert caught.value.temporary
    assert "secret" not in str(caught.value)


def test_nobody_there_is_temporary(transport: Transport) -> None:
    with pytest.raises(HttpError, match="refused") as caught:
        transport.request("GET", "http://127.0.0.1:1/x")
    assert caught.value.temporary


@pytest.mark.parametrize(
    ("chunk", "headers_first"),
    [(b"a", True), (b"X-Header: 1\r\n", False)],
    ids=["in the body", "in the headers"],
)
def test_a_slow_loris_meets_the_deadline(
    server: FaultServer, transport: Transport, chunk: bytes, *, headers_first: bool
) -> None:
    first = b"" if headers_first else b"HTTP/1.1 200 OK\r\n"

    def behave(exchange: Exchange) -> None:
        exchange.handler.wfile.write(first)
        drips(chunk, 0.02, headers_first=headers_first)(exchange)

    server.rule("GET", "/x", behave)
    started = time.monotonic()
    with pytest.raises(HttpError):
        transport.request("GET", url(server))
    assert time.monotonic() - started < 3


def test_a_silent_server_meets_the_idle_timeout(server: FaultServer) -> None:
    transport = Transport(env={}, limits=Limits(connect=1, idle=0.2, total=30))
    server.rule("GET", "/x", drips(b"", 0.05, headers_first=False))
    started = time.monotonic()
    with pytest.raises(HttpError, match="no answer") as caught:
        transport.request("GET", url(server))
    transport.close()
    assert time.monotonic() - started < 3
    assert caught.value.temporary


def test_a_server_that_takes_nothing_meets_the_idle_timeout() -> None:
    class Endless:
        def __len__(self) -> int:
            return 1 << 40

        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"a" * 1_000_000

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        transport = Transport(env={}, limits=Limits(connect=1, idle=0.3, total=30))
        started = time.monotonic()
        with pytest.raises(HttpError):
            transport.request("PUT", f"http://127.0.0.1:{deaf.getsockname()[1]}/x", body=Endless())
        transport.close()
    assert time.monotonic() - started < 5


def test_a_missing_ca_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SSL_CERT_FILE names"):
        Transport(env={"SSL_CERT_FILE": str(tmp_path / "none.pem")})


def test_the_process_environment_is_not_read(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    transport = Transport(env={})
    server.rule("GET", "/x", answers(200))
    assert transport.request("GET", url(server)).status == 200
    transport.close()
    assert "authorization" not in server.seen[0].headers
