"""Every fault of a registry that a push must survive: a real registry behind a proxy that misbehaves.

The whole table of faults, and where each is shown for a push:

| fault | test |
|---|---|
| 429 and 503; Retry-After as seconds, a date, nonsense | here, `test_retry_after…`, `test_one_gate_a_host` |
| 408, 5xx, reset, a reply that is lost | here, `test_a_server_error…`, `test_a_broken_connection…` |
| a lost reply to a tag's or blob's PUT | `test_registry_tags.py`, `test_registry_uploads.py`, `…_lost_reply_…` |
| truncated, oversized, wrong bytes, wrong digest | `test_registry_content.py`; a blob: `test_registry_uploads.py` |
| slow body, slow headers, silence | `test_registry_hostile.py`, `test_a_slow…` |
| a token that expires in mid-push; a token too large | `test_push_logins.py`, `test_a_token…`, `test_nonsense…` |
| a realm that is `file:`, private, no URL | `test_push_logins.py`, `test_registry_hostile.py`, `…_realm_…` |
| redirects: in a loop, https to http, with a body to another host, with credentials | `test_registry_hostile.py` |
| gzip bomb, endless answers | `test_registry_hostile.py` |
| pages of a list on another host, in a circle | `test_registry_content.py`, `test_pages…` |
| an index nested too deep; one that contains itself | `test_registry_hostile.py`; `test_layout.py` |
| kill -9 at any request, SIGINT, SIGTERM | `test_push.py`, `test_push_registries.py` |
| its own words for a full disk, quotas, policies, immutable tags | `test_registry_words.py`, `test_registry_tags.py` |
"""

from __future__ import annotations

import pytest

from ci_toolkit.errors import RemoteError
from tests.harness.proxy import FaultServer, answers, loses_reply, resets
from tests.harness.pushing import TAGS, Naps, Pushing

BLOBS = 8
BLOB_PUT = r"/blobs/uploads/.*digest="
TAG_PUT = r"/manifests/1\.0$"
BY_DIGEST = r"/manifests/sha256:"


def test_a_push_and_a_second_one(push: Pushing, proxy: FaultServer) -> None:
    first = push()
    assert (first.uploaded, first.moved) == (BLOBS, TAGS)
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)
    proxy.reset()
    second = push()
    assert (second.uploaded, second.present, second.moved, second.unchanged) == (0, BLOBS, (), TAGS)
    assert {exchange.method for exchange in proxy.seen} == {"HEAD"}


def test_the_order_is_blobs_manifests_index_tags(push: Pushing, proxy: FaultServer) -> None:
    push()
    kinds = [
        "blob" if "/blobs/" in e.path else "index" if str(push.root.digest) in e.path else
        "manifest" if "sha256:" in e.path else "tag"
        for e in proxy.seen
        if e.method == "PUT"
    ]  # fmt: skip
    assert kinds == sorted(kinds, key=["blob", "manifest", "index", "tag"].index)
    assert kinds.count("manifest") == 3


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 9),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10, 13),
        ("35.852µs".encode().decode("latin-1"), 0.4, 1),
        ("soon", 0.4, 1),
        ("-5", 0, 0),
        ("999999", 60, 75),
        ("1e400", 0.4, 1),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept_and_capped(
    push: Pushing, proxy: FaultServer, naps: Naps, status: int, value: str, least: float, most: float
) -> None:
    proxy.rule("HEAD", BY_DIGEST, answers(status, {"Retry-After": value}))
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)
    assert least <= sum(naps.taken) <= most


def test_one_gate_a_host(push: Pushing, proxy: FaultServer, naps: Naps) -> None:
    proxy.rule("PUT", BLOB_PUT, answers(429, {"Retry-After": "20"}))
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)
    assert 20 <= sum(naps.taken) <= 26


@pytest.mark.parametrize("status", [408, 502])
@pytest.mark.parametrize(
    ("method", "path"),
    [("HEAD", BY_DIGEST), ("HEAD", "/blobs/"), ("POST", "/uploads/"), ("PUT", BLOB_PUT), ("PUT", BY_DIGEST),
     ("HEAD", TAG_PUT), ("PUT", TAG_PUT)],
)  # fmt: skip
def test_a_server_error_is_survived(push: Pushing, proxy: FaultServer, method: str, path: str, status: int) -> None:
    proxy.rule(method, path, answers(status))
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


@pytest.mark.parametrize("behaviour", [resets, loses_reply], ids=["reset", "reply lost"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("HEAD", BY_DIGEST), ("HEAD", "/blobs/"), ("POST", "/uploads/"), ("PUT", BLOB_PUT), ("PUT", BY_DIGEST),
     ("PUT", TAG_PUT)],
)  # fmt: skip
def test_a_broken_connection_is_survived(
    push: Pushing, proxy: FaultServer, method: str, path: str, behaviour: object
) -> None:
    proxy.rule(method, path, behaviour)  # type: ignore[arg-type]  # parametrized
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


def test_a_registry_that_stays_down_is_a_remote_error(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("", "", answers(503), times=1000)
    with pytest.raises(RemoteError, match="503") as caught:
        push()
    assert caught.value.exit_code == 4
    assert proxy.count("HEAD") == 5
