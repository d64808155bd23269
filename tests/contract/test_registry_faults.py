"""Every fault of a registry that a push must survive, or refuse: a real registry behind a proxy that misbehaves."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError, RemoteError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX, Index, Manifest
from ci_toolkit.model.reference import Repository
from ci_toolkit.transport import HttpError
from tests.harness.proxy import (
    Answer,
    Exchange,
    FaultServer,
    answers,
    changes,
    loses_reply,
    resets,
    truncates,
)
from tests.harness.pushing import Naps, damage, destinations, large_image, sample_image
from tests.harness.registry import running_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.destinations import Destinations
    from ci_toolkit.registry.outcome import Outcome
    from tests.harness.registry import Registry

TAGS = ("1.0", "latest")
BLOBS = 8
BLOB_PUT = r"/blobs/uploads/.*digest="
TAG_PUT = r"/manifests/1\.0$"
BY_DIGEST = r"/manifests/sha256:"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def proxy(registry: Registry) -> Iterator[FaultServer]:
    with FaultServer(registry.host).running() as running:
        yield running


@pytest.fixture
def lonely() -> Iterator[FaultServer]:
    """A server with no registry behind it."""
    with FaultServer().running() as running:
        yield running


@pytest.fixture
def image(tmp_path: Path) -> tuple[Layout, Descriptor]:
    return sample_image(tmp_path / "layout", salt=tmp_path.name)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def there(naps: Naps) -> Iterator[Destinations]:
    with destinations(naps=naps) as opened:
        yield opened


def repository(server: FaultServer, tmp_path: Path) -> Repository:
    name = "".join(c if c.isalnum() else "-" for c in tmp_path.name.lower()).strip("-")
    return Repository.parse(f"{server.host}/test/{name}")


@pytest.fixture
def push(there: Destinations, proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path) -> Pushing:
    return Pushing(there, repository(proxy, tmp_path), *image)


class Pushing:
    """The push under test, and a look at what came of it."""

    def __init__(self, there: Destinations, to: Repository, layout: Layout, root: Descriptor) -> None:
        self.there, self.to, self.layout, self.root = there, to, layout, root

    def __call__(self) -> Outcome:
        return self.there.push(self.to, self.layout, self.root, TAGS)

    def tags(self) -> dict[str, Digest]:
        """Every tag with its digest; fails if what a tag points at isn't whole."""
        client = self.there.repository(self.to)
        found = {}
        for tag in client.tags():
            content = client.content(tag)
            assert content
            self._whole(content.descriptor)
            found[tag] = content.descriptor.digest
        return found

    def _whole(self, node: Descriptor) -> None:
        client = self.there.repository(self.to)
        content = client.content(str(node.digest))
        assert content, f"{node.digest} is missing"
        document = self.layout.document(node)
        if isinstance(document, Index):
            for child in document.manifests:
                self._whole(child)
        if isinstance(document, Manifest):
            assert all(client.has_blob(blob.digest) for blob in document.blobs)


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


def test_after_a_lost_reply_to_a_tag_the_tag_is_not_written_again(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("PUT", TAG_PUT, loses_reply)
    push()
    assert proxy.count("PUT", TAG_PUT) == 1


def test_after_a_lost_reply_to_a_blob_it_is_not_sent_again(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("PUT", BLOB_PUT, loses_reply, times=BLOBS)
    assert push().uploaded == BLOBS
    assert proxy.count("PUT", BLOB_PUT) == BLOBS


def test_a_lost_upload_session_starts_again(push: Pushing, proxy: FaultServer) -> None:
    gone = json.dumps({"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "gone"}]}).encode()
    proxy.rule("PUT", BLOB_PUT, answers(404, body=gone))
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


def test_a_registry_that_stays_down_is_a_remote_error(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("", "", answers(503), times=1000)
    with pytest.raises(RemoteError, match="503") as caught:
        push()
    assert caught.value.exit_code == 4
    assert proxy.count("HEAD") == 5


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "MANIFEST_INVALID"), (405, "UNSUPPORTED"), (409, "TAG_IMMUTABLE"), (412, "PRECONDITION"), (413, "SIZE")],
)
def test_a_refusal_is_not_repeated_and_keeps_the_registrys_words(
    push: Pushing, proxy: FaultServer, status: int, code: str
) -> None:
    body = json.dumps({"errors": [{"code": code, "message": "::error::no \x1b[31mway"}]}).encode()
    proxy.rule("PUT", TAG_PUT, answers(status, body=body), times=10)
    with pytest.raises(HttpError) as caught:
        push()
    assert (caught.value.status, caught.value.code) == (status, code)
    assert "way" in str(caught.value)
    assert "::error" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert proxy.count("PUT", TAG_PUT) == 1
    assert push.tags() == {}


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


def test_a_tag_that_moves_behind_our_back_is_noticed(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("HEAD", TAG_PUT, changes(docker_content_digest="sha256:" + "0" * 64), skip=1)
    with pytest.raises(IntegrityError, match="is now sha256:0000"):
        push()


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
    client = there.repository(repository(lonely, tmp_path))
    if size <= 4 * 1024 * 1024:
        content = client.content("1.0")
        assert content
        assert content.descriptor.size == size
    else:
        with pytest.raises(RemoteError, match="more than the 4194304 bytes"):
            client.content("1.0")


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
    push = Pushing(there, repository(proxy, tmp_path), layout, root)
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
    push = Pushing(there, repository(proxy, tmp_path), layout, root)
    assert push().uploaded == 2
    assert proxy.count("PATCH") == 3
    assert push.tags() == dict.fromkeys(TAGS, root.digest)


def test_tags_come_page_by_page(there: Destinations, lonely: FaultServer, tmp_path: Path) -> None:
    link = '</v2/test/tags/list?n=1000&last=b>; rel="next"'
    lonely.rule("GET", "last=b", answers(200, body=b'{"tags": ["c"]}'))
    lonely.rule("GET", "/tags/list", answers(200, {"Link": link}, b'{"tags": ["a", "b"]}'))
    assert there.repository(repository(lonely, tmp_path)).tags() == ("a", "b", "c")


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/v2/x/tags/list", "file:///etc/passwd", "//127.0.0.2/v2/"])
def test_pages_on_another_host_are_refused(
    there: Destinations, lonely: FaultServer, tmp_path: Path, link: str
) -> None:
    lonely.rule("GET", "/tags/list", answers(200, {"Link": f'<{link}>; rel="next"'}, b'{"tags": ["a"]}'))
    with pytest.raises(RemoteError) as caught:
        there.repository(repository(lonely, tmp_path)).tags()
    assert caught.value.exit_code == 4
    assert len(lonely.seen) == 2


def test_pages_in_a_circle_end(there: Destinations, lonely: FaultServer, tmp_path: Path) -> None:
    link = '</v2/test/tags/list?last=b>; rel="next"'
    lonely.rule("GET", "/tags/list", answers(200, {"Link": link}, b'{"tags": ["a"]}'), times=99)
    with pytest.raises(RemoteError, match="circle"):
        there.repository(repository(lonely, tmp_path)).tags()


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"tags": 1}', b"[]", b'{"name": "x"}'])
def test_nonsense_for_a_list_of_tags(there: Destinations, lonely: FaultServer, tmp_path: Path, body: bytes) -> None:
    lonely.rule("GET", "/tags/list", answers(200, body=body))
    with pytest.raises(RemoteError, match="no list of tags"):
        there.repository(repository(lonely, tmp_path)).tags()


def test_no_repository_has_no_tags(there: Destinations, proxy: FaultServer, tmp_path: Path) -> None:
    client = there.repository(repository(proxy, tmp_path))
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
    assert there.find_previous(repository(proxy, tmp_path), "1.0") is None


def test_a_registry_in_a_race_with_itself_is_asked_again(push: Pushing, proxy: FaultServer) -> None:
    """Distribution 2.8 answers so where two jobs write one tag at the same moment."""
    body = json.dumps({"errors": [{"code": "DIGEST_INVALID", "message": "provided digest did not match"}]}).encode()
    proxy.rule("PUT", TAG_PUT, answers(400, body=body))
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)
