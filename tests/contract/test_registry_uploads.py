"""Blobs on their way to a registry: sent, mounted, in chunks, changed on the way, led elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.reference import Repository
from tests.harness.proxy import Answer, Exchange, FaultServer, answers, changes, loses_reply
from tests.harness.pushing import TAGS, Pushing, damage, large_image, repository_for

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.registry.destinations import Destinations

BLOBS = 8
BLOB_PUT = r"/blobs/uploads/.*digest="


def test_a_layout_changed_after_the_build_is_not_tagged(push: Pushing, proxy: FaultServer) -> None:
    manifest = push.layout.document(push.layout.document(push.root).manifests[0])  # type: ignore[union-attr]
    damage(push.layout, manifest.layers[0])  # type: ignore[union-attr]
    with pytest.raises(IntegrityError, match="nothing was tagged") as caught:
        push()
    assert caught.value.exit_code == 5
    assert proxy.count("PUT", "/manifests/") == 0
    assert push.tags() == {}


def test_a_layer_that_is_gone_is_an_integrity_error(push: Pushing) -> None:
    manifest = push.layout.document(push.layout.document(push.root).manifests[0])  # type: ignore[union-attr]
    push.layout.blob(manifest.layers[0].digest).unlink()  # type: ignore[union-attr]
    with pytest.raises(IntegrityError, match="can't be read"):
        push()
    assert push.tags() == {}


def test_a_blob_changed_on_the_way_is_an_integrity_error(push: Pushing, proxy: FaultServer) -> None:
    def flip(exchange: Exchange) -> None:
        exchange.body = bytes([exchange.body[0] ^ 0xFF]) + exchange.body[1:]
        exchange.answer(exchange.forward())

    proxy.rule("PUT", BLOB_PUT, flip)
    with pytest.raises(IntegrityError, match="something else"):
        push()
    assert push.tags() == {}


def test_blobs_are_mounted_from_a_sibling(push: Pushing, proxy: FaultServer) -> None:
    push()
    proxy.reset()
    sibling = Repository.parse(f"{push.to}-sibling")
    outcome = push.there.push(sibling, push.layout, push.root, TAGS)
    assert (outcome.mounted, outcome.uploaded, outcome.bytes) == (BLOBS, 0, 0)
    assert proxy.count("PUT", "/blobs/") == 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_a_mount_that_fails_is_an_upload(push: Pushing, proxy: FaultServer, status: int) -> None:
    push()
    proxy.rule("POST", "mount=", answers(status), times=99)
    outcome = push.there.push(Repository.parse(f"{push.to}-{status}"), push.layout, push.root, TAGS)
    assert (outcome.mounted, outcome.uploaded) == (0, BLOBS)


def test_a_mount_answered_by_an_upload_goes_on_with_it(push: Pushing, proxy: FaultServer) -> None:
    push()

    def begin(exchange: Exchange) -> None:
        exchange.path = exchange.path.partition("?")[0]
        exchange.answer(exchange.forward())

    proxy.rule("POST", "mount=", begin, times=99)
    outcome = push.there.push(Repository.parse(f"{push.to}-202"), push.layout, push.root, TAGS)
    assert (outcome.mounted, outcome.uploaded) == (0, BLOBS)


def test_a_relative_location_with_a_query(push: Pushing, proxy: FaultServer) -> None:
    def relative(exchange: Exchange) -> None:
        answer = exchange.forward()
        answer.headers["location"] = "/" + answer.headers["location"].partition("//")[2].partition("/")[2]
        exchange.answer(answer)

    proxy.rule("POST", "/uploads/", relative, times=99)
    assert push().uploaded == BLOBS


def test_an_upload_on_another_host_gets_no_credentials(push: Pushing, proxy: FaultServer, lonely: FaultServer) -> None:
    """As stores do that take uploads themselves; here the other host passes them on to the registry."""

    def elsewhere(exchange: Exchange) -> None:
        answer = exchange.forward()
        answer.headers["location"] = answer.headers["location"].replace(proxy.host, lonely.host)
        exchange.answer(answer)

    lonely.upstream = proxy.upstream
    proxy.rule("POST", "/uploads/", elsewhere, times=99)
    assert push().uploaded == BLOBS
    assert len(lonely.seen) == BLOBS
    assert not any("authorization" in exchange.headers for exchange in lonely.seen)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x/", "http://user:pw@127.0.0.1/"])
def test_a_hostile_location_is_refused(push: Pushing, proxy: FaultServer, target: str) -> None:
    proxy.rule("POST", "/uploads/", changes(location=target), times=99)
    with pytest.raises(HttpError, match="refused") as caught:
        push()
    assert caught.value.exit_code == 4
    assert push.tags() == {}


def test_an_upload_in_chunks_where_the_registry_asks(there: Destinations, proxy: FaultServer, tmp_path: Path) -> None:
    layout, root = large_image(tmp_path / "large", 40 * 1024 * 1024)
    proxy.rule("POST", "/uploads/", changes(oci_chunk_min_length="1000"), times=9)
    push = Pushing(there, repository_for(proxy.host, tmp_path), layout, root)
    assert push().uploaded == 2
    assert proxy.count("PATCH") == 3
    assert push.tags() == dict.fromkeys(TAGS, root.digest)


def test_a_chunk_the_registry_has_already(there: Destinations, proxy: FaultServer, tmp_path: Path) -> None:
    """416: the session is asked how far it came, and the upload goes on from there."""
    layout, root = large_image(tmp_path / "large", 40 * 1024 * 1024)

    def swallowed(exchange: Exchange) -> None:
        answer = exchange.forward()
        exchange.answer(Answer(416, {"location": answer.headers["location"]}))

    proxy.rule("POST", "/uploads/", changes(oci_chunk_min_length="1000"), times=9)
    proxy.rule("PATCH", "", swallowed)
    push = Pushing(there, repository_for(proxy.host, tmp_path), layout, root)
    assert push().uploaded == 2
    assert proxy.count("PATCH") == 3
    assert push.tags() == dict.fromkeys(TAGS, root.digest)


def test_a_lost_upload_session_starts_again(push: Pushing, proxy: FaultServer) -> None:
    gone = json.dumps({"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "gone"}]}).encode()
    proxy.rule("PUT", BLOB_PUT, answers(404, body=gone))
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


def test_after_a_lost_reply_to_a_blob_it_is_not_sent_again(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("PUT", BLOB_PUT, loses_reply, times=BLOBS)
    assert push().uploaded == BLOBS
    assert proxy.count("PUT", BLOB_PUT) == BLOBS
