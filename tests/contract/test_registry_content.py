"""What a registry hands out: manifests, lists of tags, earlier images; believed only where it fits."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError, RemoteError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX, Manifest
from tests.harness.proxy import Answer, Exchange, FaultServer, answers, changes, truncates
from tests.harness.pushing import TAGS, Pushing, repository_for

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.registry.destinations import Destinations

BY_DIGEST = r"/manifests/sha256:"


def test_a_broken_off_manifest_is_asked_for_again(push: Pushing, proxy: FaultServer) -> None:
    push()
    proxy.rule("GET", BY_DIGEST, truncates(20))
    content = push.there.repository(push.to).content(str(push.root.digest))
    assert content
    assert content.descriptor == push.root


@pytest.mark.parametrize("reference", ["1.0", "digest"])
def test_another_manifest_than_announced_is_refused(push: Pushing, proxy: FaultServer, reference: str) -> None:
    push()
    proxy.rule("GET", "/manifests/", changes(body=b'{"schemaVersion": 2}'), times=9)
    with pytest.raises(IntegrityError, match="its bytes are"):
        push.there.repository(push.to).content(reference if reference == "1.0" else str(push.root.digest))


def test_a_truncated_manifest_without_a_digest_header_is_refused(push: Pushing, proxy: FaultServer) -> None:
    push()
    proxy.rule("GET", "/manifests/", changes(body=b'{"sch', docker_content_digest=None), times=9)
    with pytest.raises(IntegrityError, match="answers with") as caught:
        push.there.repository(push.to).content(str(push.root.digest))
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("value", ["sha256:" + "0" * 64, "sha256:12", "md5:d41d8cd98f00b204e9800998ecf8427e"])
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_wrong_digest_header_is_refused(push: Pushing, proxy: FaultServer, method: str, value: str) -> None:
    push()
    proxy.rule(method, "/manifests/", changes(docker_content_digest=value), times=9)
    client = push.there.repository(push.to)
    with pytest.raises(IntegrityError):
        (client.resolve if method == "HEAD" else client.content)(str(push.root.digest))


def test_a_wrong_digest_for_what_was_put_is_refused(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("PUT", BY_DIGEST, changes(docker_content_digest="sha256:" + "0" * 64), times=9)
    with pytest.raises(IntegrityError):
        push()
    assert push.tags() == {}


def test_without_a_digest_header_the_bytes_are_hashed(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("HEAD", "/manifests/", changes(docker_content_digest=None), times=99)
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)
    assert push().moved == ()


@pytest.mark.parametrize("size", [4 * 1024 * 1024, 100 * 1024 * 1024])
def test_manifests_of_up_to_4_mib(there: Destinations, lonely: FaultServer, tmp_path: Path, size: int) -> None:
    start = b'{"schemaVersion": 2, "manifests": [], "x": "'

    def behave(exchange: Exchange) -> None:
        exchange.answer(Answer(200, {"content-type": OCI_INDEX, "content-length": str(size)}))
        if exchange.method == "HEAD":
            return
        with suppress(OSError):
            exchange.handler.wfile.write(start)
            for _ in range(size // 65536 - 1):
                exchange.handler.wfile.write(b" " * 65536)
            exchange.handler.wfile.write(b" " * (65536 - len(start)))

    lonely.rule("", "/manifests/", behave, times=9)
    client = there.repository(repository_for(lonely.host, tmp_path))
    if size <= 4 * 1024 * 1024:
        content = client.content("1.0")
        assert content
        assert content.descriptor.size == size
    else:
        with pytest.raises(RemoteError, match="more than the 4194304 bytes"):
            client.content("1.0")


def test_tags_come_page_by_page(there: Destinations, lonely: FaultServer, tmp_path: Path) -> None:
    link = '</v2/test/tags/list?n=1000&last=b>; rel="next"'
    lonely.rule("GET", "last=b", answers(200, body=b'{"tags": ["c"]}'))
    lonely.rule("GET", "/tags/list", answers(200, {"Link": link}, b'{"tags": ["a", "b"]}'))
    assert there.repository(repository_for(lonely.host, tmp_path)).tags() == ("a", "b", "c")


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/v2/x/tags/list", "file:///etc/passwd", "//127.0.0.2/v2/"])
def test_pages_on_another_host_are_refused(
    there: Destinations, lonely: FaultServer, tmp_path: Path, link: str
) -> None:
    lonely.rule("GET", "/tags/list", answers(200, {"Link": f'<{link}>; rel="next"'}, b'{"tags": ["a"]}'))
    with pytest.raises(RemoteError) as caught:
        there.repository(repository_for(lonely.host, tmp_path)).tags()
    assert caught.value.exit_code == 4
    assert len(lonely.seen) == 2


def test_pages_in_a_circle_end(there: Destinations, lonely: FaultServer, tmp_path: Path) -> None:
    link = '</v2/test/tags/list?last=b>; rel="next"'
    lonely.rule("GET", "/tags/list", answers(200, {"Link": link}, b'{"tags": ["a"]}'), times=99)
    with pytest.raises(RemoteError, match="circle"):
        there.repository(repository_for(lonely.host, tmp_path)).tags()


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"tags": 1}', b"[]", b'{"name": "x"}'])
def test_nonsense_for_a_list_of_tags(there: Destinations, lonely: FaultServer, tmp_path: Path, body: bytes) -> None:
    lonely.rule("GET", "/tags/list", answers(200, body=body))
    with pytest.raises(RemoteError, match="no list of tags"):
        there.repository(repository_for(lonely.host, tmp_path)).tags()


def test_no_repository_has_no_tags(there: Destinations, proxy: FaultServer, tmp_path: Path) -> None:
    client = there.repository(repository_for(proxy.host, tmp_path))
    assert client.tags() == ()
    assert client.content("1.0") is None


def test_an_earlier_image_is_fetched_whole(push: Pushing, tmp_path: Path) -> None:
    push()
    found = push.there.find_previous(push.to, "1.0")
    assert found
    assert (found.descriptor, Digest.of(found.data)) == (push.root, push.root.digest)
    copy = Layout(tmp_path / "copy")
    copy.create()
    for node, document in push.layout.walk(push.root):
        found.fetch(node, copy)
        for blob in document.blobs if isinstance(document, Manifest) else ():
            found.fetch(blob, copy)
    assert copy.verify(push.root) > 0


def test_an_earlier_blob_that_is_too_long_is_refused(push: Pushing, proxy: FaultServer, tmp_path: Path) -> None:
    push()
    found = push.there.find_previous(push.to, "1.0")
    assert found
    manifest = push.layout.document(push.layout.document(push.root).manifests[0])  # type: ignore[union-attr]
    copy = Layout(tmp_path / "copy")
    proxy.rule("GET", "/blobs/", changes(body=b"x" * 1_000_000), times=9)
    with pytest.raises(IntegrityError, match="more than the"):
        found.fetch(manifest.layers[0], copy)  # type: ignore[union-attr]
    assert list(copy.blobs.iterdir()) == []


def test_there_is_no_earlier_image(there: Destinations, proxy: FaultServer, tmp_path: Path) -> None:
    assert there.find_previous(repository_for(proxy.host, tmp_path), "1.0") is None
