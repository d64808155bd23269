"""What `login --check` makes of answers that no registry here gives: ECR's, Docker Hub's, those of opaque tokens."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.deadlines import Limits
from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.model.access import Access, Wanted
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.check import Checker, Noted
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.login import Offered, log_in
from tests.harness.logins_at_hand import Configured
from tests.harness.proxy import FaultServer, answers
from tests.harness.pushing import destinations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.registry.credentials import Keychain

LOGIN = Credential("ci", "reg-canary-7Qx")
DENIED = json.dumps({"errors": [{"code": "DENIED", "message": "not for you"}]}).encode()
UNKNOWN = json.dumps({"errors": [{"code": "NAME_UNKNOWN", "message": "no such repository"}]}).encode()


@dataclass(frozen=True)
class Told:
    """What a registry's own API may say."""

    exists: bool
    immutable: bool = False
    movable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Broken:
    """A keychain that is somebody's, and broken."""

    def resolve(self, host: str) -> Credential | None:
        message = f"the job may not ask for a token for {host}"
        raise UsageError(message, hint="permissions: id-token: write")


@pytest.fixture
def registry() -> Iterator[FaultServer]:
    with FaultServer().running() as running:
        yield running


def allows(registry: FaultServer, *, tags: int = 200, head: int = 404, post: int = 202, body: bytes = b"") -> None:
    """Basic authentication at the door; then these answers."""

    def door(exchange: object) -> None:
        given = getattr(exchange, "headers", {}).get("authorization")
        challenge = {"WWW-Authenticate": 'Basic realm="x"'}
        (answers(200) if given else answers(401, challenge))(exchange)  # type: ignore[arg-type]

    registry.rule("GET", r"^/v2/$", door, times=9)
    registry.rule("GET", "/tags/list", answers(tags, body=body or b'{"tags": []}'), times=9)
    registry.rule(
        "HEAD",
        "/manifests/",
        answers(head, {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "94;w=21600"}),
        times=9,
    )
    registry.rule("POST", "/blobs/uploads/", answers(post, {"Location": "/v2/a/app/blobs/uploads/u1"}, body), times=9)
    registry.rule("DELETE", "/blobs/uploads/u1", answers(204), times=9)


@contextmanager
def checker(registry: FaultServer, keychain: Keychain, told: Told | Exception | None) -> Iterator[Checker]:
    def settings(host: str, path: str) -> Told | None:
        assert (host, path) == (registry.host, "a/app")
        if isinstance(told, Exception):
            raise told
        return told

    noted = Noted(keychain)
    with destinations(keychain=noted, attempts=2, limits=Limits(connect=1, idle=2, total=3)) as opened:
        yield Checker(noted, lambda host: opened.repository(Repository(host, "any")).host, settings)


def look(
    registry: FaultServer,
    *,
    told: Told | Exception | None = None,
    keychain: Keychain | None = None,
    write: bool = True,
    create: bool = False,
) -> Access:
    wanted = Wanted(host=registry.host, repository=Repository(registry.host, "a/app"), write=write, create=create)
    with checker(registry, keychain or Configured({registry.host: LOGIN}), told) as looking:
        (found,) = looking.look([wanted])
    return found


def test_an_upload_is_begun_and_cancelled_and_the_rate_limit_is_told(registry: FaultServer) -> None:
    allows(registry)
    found = look(registry)
    assert (found.ok, found.login, found.pull, found.push, found.exists) == (True, "accepted", "yes", "yes", "yes")
    assert "94 of 100" in found.budget
    assert [e.method for e in registry.seen if "uploads" in e.path] == ["POST", "DELETE"]


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        (b'{"tags": ["1.0"]}', "1.0"),
        (b'{"tags": null}', "ci-toolkit-login-check"),
        (b'{"tags": ["../x"]}', "ci-toolkit-login-check"),
        (b"<html>", "ci-toolkit-login-check"),
    ],
)
def test_a_tag_that_is_there_is_asked_for_if_there_is_one(registry: FaultServer, body: bytes, tag: str) -> None:
    allows(registry, body=body)
    assert look(registry).pull == "yes"
    assert [e.path for e in registry.seen if e.method == "HEAD"] == [f"/v2/a/app/manifests/{tag}"]


@pytest.mark.parametrize(
    ("told", "create", "exists", "immutable", "ok"),
    [
        (Told(exists=True), False, "yes", "", True),
        (Told(exists=True, immutable=True), False, "yes", "all", True),
        (Told(exists=True, immutable=True, movable=("latest", "main*")), False, "yes", "all but latest, main*", True),
        (Told(exists=False), True, "at the first push", "", True),
        (Told(exists=False), False, "no", "", False),
        (ToolError("ecr:DescribeRepositories is denied"), False, "yes", "", True),
    ],
)
def test_what_the_registrys_own_api_says_counts(
    registry: FaultServer, told: Told | Exception, create: bool, exists: str, immutable: str, ok: bool
) -> None:
    allows(registry)
    found = look(registry, told=told, create=create)
    assert (found.exists, found.immutable, found.ok) == (exists, immutable, ok)
    assert ok or "create: true" in found.hint
    assert (registry.count("POST") == 0) == (exists in ("no", "at the first push"))


@pytest.mark.parametrize(
    ("status", "body", "create", "expected"),
    [
        (403, DENIED, False, ("no", 4, "ci may not push")),
        (401, DENIED, False, ("no", 4, "ci may not push")),
        (405, b"", False, ("no", 4, "takes no push")),
        (404, UNKNOWN, False, ("unknown", 4, "doesn't exist")),
        (404, UNKNOWN, True, ("unknown", 0, "")),
        (503, b"", False, ("unknown", 4, "503")),
        (429, b"", False, ("unknown", 4, "429")),
    ],
)
def test_an_upload_that_is_refused_says_why(
    registry: FaultServer, status: int, body: bytes, create: bool, expected: tuple[str, int, str]
) -> None:
    allows(registry, post=status, body=body)
    found = look(registry, create=create)
    push, code, words = expected
    assert (found.push, found.exit_code, found.ok) == (push, code, not words)
    assert words in found.problem
    assert bool(found.hint) == (bool(words) and status != 503)


@pytest.mark.parametrize(("head", "ok"), [(404, True), (200, True), (403, False)])
def test_what_is_only_read_needs_no_right_to_write(registry: FaultServer, head: int, ok: bool) -> None:
    allows(registry, head=head)
    found = look(registry, write=False)
    assert (found.ok, found.pull, found.push) == (ok, "yes" if ok else "no", "unknown")
    assert registry.count("POST") == 0


def test_a_repository_to_be_read_has_to_be_there(registry: FaultServer) -> None:
    allows(registry, tags=404, body=UNKNOWN)
    found = look(registry, write=False)
    assert (found.ok, found.exists) == (False, "no")


def test_a_token_that_says_what_it_is_good_for_is_believed_and_an_opaque_one_is_tried(registry: FaultServer) -> None:
    def token(actions: Sequence[str] | None) -> bytes:
        claims = {"access": [{"type": "repository", "name": "a/app", "actions": actions}]}
        jwt = ".".join(["e30", base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("="), "sig"])
        return json.dumps({"token": "opaque" if actions is None else jwt}).encode()

    cases = ((("pull",), "no", 0), (("pull", "push"), "yes", 0), (("*",), "yes", 0), (None, "yes", 1), ((), "no", 0))
    for actions, push, posts in cases:
        registry.reset()
        challenge = {"WWW-Authenticate": f'Bearer realm="http://{registry.host}/token",service="s"'}
        registry.rule("GET", r"^/v2/$", answers(401, challenge), times=2)  # to find out about TLS, and to log in
        registry.rule("GET", r"^/token", answers(200, body=token(actions)), times=9)
        registry.rule("GET", r"^/v2/$", answers(200), times=9)
        allows(registry)
        found = look(registry)
        assert (found.push, registry.count("POST")) == (push, posts)


def test_a_broken_keychain_is_the_rows_problem(registry: FaultServer) -> None:
    allows(registry)
    found = look(registry, keychain=Broken())
    assert (found.ok, found.exit_code, found.hint) == (False, 2, "permissions: id-token: write")


def test_logging_in_tells_who_gave_the_login_and_whether_it_was_wanted(registry: FaultServer) -> None:
    allows(registry)
    nobody = Configured({})
    ours = Configured({registry.host: LOGIN})
    cases = ((ours, nobody, "given", LOGIN), (nobody, ours, "docker config", None), (nobody, nobody, "nobody", None))
    for given, own, source, login in cases:
        offered = Offered()
        with destinations(keychain=offered) as opened:
            result, kept = log_in(
                registry.host, given, own, offered, lambda host: opened.repository(Repository(host, "any")).host
            )
        assert (result.source, result.proven, kept) == (source, source != "nobody", login)
    registry.reset()
    registry.rule("GET", r"^/v2/$", answers(200), times=9)
    offered = Offered()
    with destinations(keychain=offered) as opened:
        result, kept = log_in(
            registry.host, ours, nobody, offered, lambda host: opened.repository(Repository(host, "any")).host
        )
    assert (result.proven, kept, result.error) == (False, LOGIN, None)
