"""Logins that end: renewed before their time, and in mid-push where a registry says so; one asks, all wait."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.answers import HttpError, Reply
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.auth import Authorizer, pull
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.retries import Retries
from ci_toolkit.transport import Transport
from tests.harness.proxy import Answer, Exchange, FaultServer
from tests.harness.pushing import destinations, repository_for, sample_image

if TYPE_CHECKING:
    from pathlib import Path


TAGS = ("1.0", "latest")
SCOPES = frozenset({pull("team/app")})
START = 1_700_000_000.0
PLAIN = b"Your Authorization Token has expired. Please log in again."


@dataclass
class Issued:
    """A keychain that gives a new password each time it is asked."""

    life: float | None = 12 * 3600.0
    now: float = START
    given: list[str] = field(default_factory=list)

    def resolve(self, host: str) -> Credential | None:
        """Never the same password twice."""
        self.given.append(f"password-{len(self.given)}-for-{host}")
        return Credential("AWS", self.given[-1], expires_at=None if self.life is None else self.now + self.life)


@dataclass
class Door:
    """Before a registry that knows no logins: the first password is good for `ends` requests, later ones for good."""

    issued: Issued
    refusal: Answer
    ends: int
    seen: int = 0
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, exchange: Exchange) -> None:
        """Let in, or refuse: an answer to a HEAD has no body."""
        sent = base64.b64decode(exchange.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if not sent:
            exchange.answer(Answer(401, {"www-authenticate": 'Basic realm="ecr"'}))
            return
        with self.lock:
            self.seen += 1
            number = self.issued.given.index(sent.removeprefix("AWS:"))
            let_in = number > 0 or self.seen < self.ends
            self.refused += not let_in
        refusal = self.refusal if exchange.method != "HEAD" else replace(self.refusal, body=b"")
        exchange.answer(exchange.forward(authorization=None) if let_in else refusal)


@pytest.mark.parametrize("ends", [3, 6, 9, 14, 20])
@pytest.mark.parametrize(
    "refusal",
    [
        Answer(403, {"content-type": "text/plain"}, PLAIN),
        Answer(403, {}, b'{"errors": [{"code": "DENIED", "message": "Your authorization token has expired."}]}'),
        Answer(401, {"www-authenticate": 'Basic realm="ecr"'}),
    ],
    ids=["plain text", "denied", "401"],
)
def test_a_password_that_ends_in_mid_push_is_renewed_once(
    proxy: FaultServer, tmp_path: Path, refusal: Answer, ends: int
) -> None:
    issued = Issued()
    door = Door(issued, refusal, ends)
    proxy.rule("", "", door, times=10_000)
    image = sample_image(tmp_path / "layout", salt=f"{tmp_path.name} {ends}")
    with destinations(keychain=issued) as there:
        outcome = there.push(repository_for(proxy.host, tmp_path), *image, TAGS)
    assert outcome.uploaded == 8
    assert (len(issued.given), door.refused > 0) == (2, True)


def test_a_right_that_is_missing_isnt_asked_for_again(proxy: FaultServer, tmp_path: Path) -> None:
    issued = Issued()
    denied = Answer(403, {}, b'{"errors": [{"code": "DENIED", "message": "not authorized to perform ecr:PutImage"}]}')
    proxy.rule("POST", "", lambda exchange: exchange.answer(denied), times=99)
    proxy.rule("", "", Door(issued, denied, 10_000), times=10_000)
    image = sample_image(tmp_path / "layout", salt=tmp_path.name)
    with destinations(keychain=issued) as there, pytest.raises(HttpError, match="not authorized") as caught:
        there.push(repository_for(proxy.host, tmp_path), *image, TAGS)
    assert "logged in as AWS" in caught.value.hint
    assert len(issued.given) == 1


def authorizer(issued: Issued) -> Authorizer:
    transport = Transport(env={})
    made = Authorizer("r.test", issued, transport, Retries(), Redactor(), now=lambda: issued.now)
    made.learn(_reply(401, 'Basic realm="r"'), SCOPES, "")
    return made


def _reply(status: int, challenge: str = "", body: bytes = b"") -> Reply:
    return Reply(status, {"www-authenticate": challenge} if challenge else {}, body, "https://r.test/v2/")


@pytest.mark.parametrize(
    ("life", "kept", "renewed"),
    [(12 * 3600.0, 12 * 3600 - 301, 12 * 3600 - 299), (300.0, 239, 241), (-5.0, 47, 49), (None, 10**9, None)],
)
def test_a_login_is_renewed_before_it_ends(life: float | None, kept: float, renewed: float | None) -> None:
    issued = Issued(life)
    login = authorizer(issued)
    first = login.header(SCOPES)
    issued.now = START + kept
    assert login.header(SCOPES) == first
    if renewed:
        issued.now = START + renewed
        assert login.header(SCOPES) != first


def test_threads_that_are_refused_together_have_one_of_them_ask() -> None:
    issued = Issued()
    login = authorizer(issued)
    old = login.header(SCOPES)
    start, headers = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        assert login.ran_out(_reply(403, body=PLAIN), SCOPES, old)
        headers.append(login.header(SCOPES))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(issued.given) == 2
    assert set(headers) == {login.header(SCOPES)}


@pytest.mark.parametrize(
    ("life", "reply", "renews"),
    [
        (3600.0, _reply(403, body=PLAIN), True),
        (None, _reply(403, body=PLAIN), True),
        (3600.0, _reply(403), True),
        (None, _reply(403), False),
        (3600.0, _reply(403, body=b"denied"), False),
        (3600.0, _reply(400, body=PLAIN), False),
    ],
)
def test_what_says_that_a_login_has_ended(life: float | None, reply: Reply, renews: bool) -> None:
    issued = Issued(life)
    login = authorizer(issued)
    assert login.ran_out(reply, SCOPES, login.header(SCOPES)) is renews
    login.header(SCOPES)
    assert len(issued.given) == 1 + renews


def test_a_repository_that_isnt_there_is_created_where_the_config_says_so(proxy: FaultServer, tmp_path: Path) -> None:
    unknown = b'{"errors": [{"code": "NAME_UNKNOWN", "message": "The repository does not exist in the registry"}]}'
    created: list[tuple[str, str]] = []

    def refuse(exchange: Exchange) -> None:
        exchange.answer(exchange.forward() if created else Answer(404, {}, unknown))

    proxy.rule("POST", "/blobs/uploads/", refuse, times=99)
    to = repository_for(proxy.host, tmp_path)
    image = sample_image(tmp_path / "layout", salt=tmp_path.name)
    with destinations() as there, pytest.raises(HttpError, match="NAME_UNKNOWN"):
        there.push(to, *image, TAGS)
    with destinations(create=lambda *_: False) as there, pytest.raises(HttpError, match="NAME_UNKNOWN"):
        there.push(to, *image, TAGS)

    def create(host: str, path: str) -> bool:
        created.append((host, path))
        return True

    with destinations(create=create) as there:
        assert there.push(to, *image, TAGS).uploaded == 8
    assert created == [(to.registry, to.path)]
