"""What registries do to a copy: each fault is survived, or refused with no tag moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import IntegrityError, RemoteError
from ci_toolkit.model.reference import Repository
from tests.harness.copying import Copying
from tests.harness.proxy import FaultServer, answers, changes, loses_reply, resets, truncates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.proxy import Behaviour, Exchange
    from tests.harness.pushing import Naps, Pushing
    from tests.harness.registry import Registry

BLOBS = 8


@pytest.fixture
def target(elsewhere: Registry) -> Iterator[FaultServer]:
    with FaultServer(elsewhere.host).running() as running:
        yield running


@pytest.fixture
def far(push: Pushing, proxy: FaultServer, target: FaultServer) -> Copying:
    """A copy from behind one proxy to behind another."""
    push()
    proxy.reset()
    return Copying(push.there, push.to, Repository(target.host, push.to.path))


def begins_an_upload(exchange: Exchange) -> None:
    """202 where a mount was asked for: the registry is free not to do it."""
    exchange.path = exchange.path.partition("?")[0]
    exchange.answer(exchange.forward())


SURVIVED: dict[str, tuple[str, str, str, Behaviour]] = {
    "a blob breaks off": ("source", "GET", "/blobs/", truncates(40)),
    "a blob is reset": ("source", "GET", "/blobs/", resets),
    "a blob is limited": ("source", "GET", "/blobs/", answers(429, {"retry-after": "7"})),
    "a blob isn't available": ("source", "GET", "/blobs/", answers(503)),
    "a manifest is limited": ("source", "GET", "/manifests/", answers(429, {"retry-after": "7"})),
    "a manifest breaks off": ("source", "GET", "/manifests/", truncates(40)),
    "the referrers aren't available": ("source", "GET", "/referrers/", answers(503)),
    "an upload isn't begun": ("target", "POST", "/uploads/", answers(503)),
    "an upload is limited": ("target", "POST", "/uploads/", answers(429, {"retry-after": "7"})),
    "an upload is reset": ("target", "PUT", "/uploads/", resets),
    "an upload's answer is lost": ("target", "PUT", "/uploads/", loses_reply),
    "a manifest isn't taken": ("target", "PUT", "/manifests/sha256", answers(502)),
    "a manifest's answer is lost": ("target", "PUT", "/manifests/sha256", loses_reply),
    "a tag's answer is lost": ("target", "PUT", "/manifests/prod", loses_reply),
    "a tag isn't taken": ("target", "PUT", "/manifests/prod", answers(503, {"retry-after": "3"})),
    "a look is reset": ("target", "HEAD", "", resets),
}


@pytest.mark.parametrize("name", SURVIVED)
def test_survived(far: Copying, push: Pushing, proxy: FaultServer, target: FaultServer, naps: Naps, name: str) -> None:
    where, method, path, behaviour = SURVIVED[name]
    server = proxy if where == "source" else target
    server.rule(method, path, behaviour)
    assert far().moved == ("prod",)
    assert server.rules[0].times <= 0, "the fault never happened"
    assert naps.taken
    assert far.tags() == {"prod": push.root.digest}
    assert far.plan().is_done


REFUSED: dict[str, tuple[str, str, str, Behaviour, type[Exception]]] = {
    "a blob with other bytes": ("source", "GET", "/blobs/", changes(body=b"x" * 100), IntegrityError),
    "a blob with more bytes": ("source", "GET", "/blobs/", changes(body=b"x" * 100_000), IntegrityError),
    "a blob that is gone": ("source", "GET", "/blobs/", answers(404), HttpError),
    "a blob that may not be read": ("source", "GET", "/blobs/", answers(403), HttpError),
    "a blob of gigabytes": ("source", "GET", "/blobs/", changes(body=b"x" * 3_000_000), IntegrityError),
    "a packed blob": ("source", "GET", "/blobs/", changes(content_encoding="gzip"), HttpError),
    "a manifest with other bytes": ("source", "GET", "/manifests/sha", changes(body=b"{}"), IntegrityError),
    "a manifest of another digest": (
        *("source", "HEAD", "/manifests/1.0"),
        changes(docker_content_digest="sha256:" + "0" * 64),
        RemoteError,
    ),
    "a manifest over 4 MiB": ("source", "GET", "/manifests/sha", changes(body=b" " * 5_000_000), HttpError),
    "a child that is gone": ("source", "GET", "/manifests/sha256", answers(404), RemoteError),
    "an upload that may not be": ("target", "POST", "/uploads/", answers(403), HttpError),
    "a manifest taken for another": (
        *("target", "PUT", "/manifests/sha256"),
        changes(docker_content_digest="sha256:" + "0" * 64),
        IntegrityError,
    ),
    "a tag taken for another": (
        *("target", "PUT", "/manifests/prod"),
        answers(201),
        IntegrityError,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(far: Copying, proxy: FaultServer, target: FaultServer, name: str) -> None:
    where, method, path, behaviour, error = REFUSED[name]
    server = proxy if where == "source" else target
    server.rule(method, path, behaviour, times=99)
    with pytest.raises(error):
        far()
    server.reset()
    assert "prod" not in far.there.repository(far.destination).tags()
    assert far().moved == ("prod",), "the next run finishes"


def test_a_source_that_stays_away_isnt_asked_for_ever(far: Copying, proxy: FaultServer, naps: Naps) -> None:
    """Its patience ends once; the destination's doesn't begin it anew."""
    proxy.rule("GET", "/blobs/", answers(503), times=999)
    with pytest.raises(HttpError):
        far()
    assert proxy.count("GET", "/blobs/") <= 5 * 4
    assert len(naps.taken) <= 5 * 4


def test_a_mount_that_isnt_done_becomes_a_stream(push: Pushing, proxy: FaultServer) -> None:
    push()
    near = Copying(push.there, push.to, Repository(proxy.host, f"{push.to.path}-prod"))
    proxy.rule("POST", "mount=", begins_an_upload, times=99)
    outcome = near()
    assert (outcome.mounted, outcome.uploaded) == (0, BLOBS)
    assert near.tags() == {"prod": push.root.digest}


def test_a_mount_that_fails_is_tried_without(push: Pushing, proxy: FaultServer) -> None:
    push()
    near = Copying(push.there, push.to, Repository(proxy.host, f"{push.to.path}-prod"))
    proxy.rule("POST", "mount=", answers(400), times=99)
    assert near().uploaded == BLOBS
    assert near.tags() == {"prod": push.root.digest}
