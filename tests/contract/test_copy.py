"""Copies between repositories of a real registry: what is written, in which order, and nothing of it twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError, RemoteError
from ci_toolkit.model.oci import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from ci_toolkit.model.reference import Repository
from tests.harness.copying import WRITES, Copying, put_blob, put_manifest, whole
from tests.harness.pushing import document

if TYPE_CHECKING:
    from ci_toolkit.registry.client import RepositoryClient
    from tests.harness.proxy import FaultServer
    from tests.harness.pushing import Pushing
    from tests.harness.registry import Registry

BLOBS = 8
REQUESTS = 30
"""How many requests an image of two platforms with an attestation may take, within one registry."""


@pytest.fixture
def near(push: Pushing) -> Copying:
    """A copy within the registry of an image that was pushed."""
    push()
    return Copying(push.there, push.to, Repository(push.to.registry, f"{push.to.path}-prod"))


@pytest.fixture
def far(push: Pushing, elsewhere: Registry) -> Copying:
    """A copy to another registry."""
    push()
    return Copying(push.there, push.to, Repository(elsewhere.host, push.to.path))


def written(proxy: FaultServer) -> list[tuple[str, str]]:
    return [(exchange.method, exchange.path) for exchange in proxy.seen if exchange.method in WRITES]


def test_within_a_registry_every_blob_is_mounted(near: Copying, push: Pushing) -> None:
    outcome = near()
    assert (outcome.mounted, outcome.uploaded, outcome.bytes, outcome.moved) == (BLOBS, 0, 0, ("prod",))
    assert near.tags() == {"prod": push.root.digest}


def test_few_requests_and_none_that_writes_the_second_time(near: Copying, proxy: FaultServer) -> None:
    proxy.reset()
    near()
    assert len(proxy.seen) <= REQUESTS
    proxy.reset()
    outcome = near()
    assert (outcome.moved, outcome.unchanged) == ((), ("prod",))
    assert written(proxy) == []
    assert near.plan().is_done


def test_the_order_is_blobs_then_children_then_the_index_under_its_tag(near: Copying, proxy: FaultServer) -> None:
    proxy.reset()
    near()
    paths = [path for _, path in written(proxy)]
    kinds = ["blob" if "/blobs/" in path else path.rpartition("/")[2].partition(":")[0] for path in paths]
    assert kinds == ["blob"] * BLOBS + ["sha256"] * 3 + ["prod"]


def test_without_a_tag_the_index_comes_by_digest(near: Copying, push: Pushing, proxy: FaultServer) -> None:
    proxy.reset()
    near(str(push.root.digest), ())
    assert written(proxy)[-1][1].endswith(str(push.root.digest))


def test_to_another_registry_bytes_flow_from_one_to_the_other(far: Copying, push: Pushing) -> None:
    outcome = far()
    assert (outcome.uploaded, outcome.mounted) == (BLOBS, 0)
    assert far.tags() == {"prod": push.root.digest}
    assert far.plan().is_done


def test_what_is_there_already_is_not_sent_again(far: Copying, push: Pushing) -> None:
    far(tags=())
    client = far.there.repository(far.destination, write=True)
    client.host.exchange("DELETE", f"/v2/{client.path}/manifests/{push.root.digest}", client.scopes, allow=(202,))
    plan = far.plan()
    assert [node.digest for node in plan.missing] == [push.root.digest]
    assert plan.blobs == ()
    assert far().uploaded == 0


def test_the_same_repository_only_gets_the_tag(push: Pushing, proxy: FaultServer) -> None:
    push()
    proxy.reset()
    retag = Copying(push.there, push.to, push.to)
    assert retag(tags=("stable", "1.0")).moved == ("stable",)
    assert [path.rpartition("/")[2] for _, path in written(proxy)] == ["stable"]


def test_a_plan_reads_only_and_tells_what_would_be_done(near: Copying, push: Pushing, proxy: FaultServer) -> None:
    proxy.reset()
    plan = near.plan(tags=("prod", "1.0"))
    assert written(proxy) == []
    told = plan.as_json()
    assert (told["digest"], told["present"], told["done"]) == (str(push.root.digest), False, False)
    assert told["blobs"]["count"] == BLOBS
    assert told["blobs"]["how"] == "mount"
    assert told["tags"] == [{"tag": "prod", "before": None}, {"tag": "1.0", "before": None}]


def test_a_lost_source_is_refused_and_named(near: Copying, proxy: FaultServer) -> None:
    proxy.reset()
    for reference, word in (("1.1", "did you mean 1.0"), ("sha256:" + "0" * 64, "was it deleted")):
        with pytest.raises(RemoteError, match="doesn't exist") as caught:
            near(reference)
        assert word in caught.value.hint
    assert written(proxy) == []


def test_an_immutable_tag_with_another_digest_is_refused_before_anything_is_written(
    near: Copying, proxy: FaultServer, push: Pushing
) -> None:
    client = near.there.repository(near.destination, write=True)
    other = put_manifest(client, single(client, "other"), OCI_MANIFEST, tag="prod")
    proxy.reset()
    with pytest.raises(IntegrityError) as caught:
        near.plan(immutable={"prod"})
    assert str(push.root.digest) in caught.value.message
    assert str(other.digest) in caught.value.message
    assert written(proxy) == []
    assert near.plan().moves[0].before == other.digest


@pytest.mark.parametrize(
    ("manifest_type", "index_type"), [(DOCKER_MANIFEST, DOCKER_INDEX), (OCI_MANIFEST, OCI_INDEX), (OCI_MANIFEST, "")]
)
def test_bytes_stay_as_they_are(near: Copying, manifest_type: str, index_type: str) -> None:
    """With odd blanks and key order, which any re-serialisation would lose."""
    client = near.there.repository(near.source, write=True)
    root = put_manifest(client, single(client, "odd", manifest_type), manifest_type, tag="odd")
    if index_type:
        child = {**root.as_json(), "platform": {"os": "linux", "architecture": "amd64"}}
        text = document({"manifests": [child], "schemaVersion": 2, "mediaType": index_type}) + b"\n \n"
        root = put_manifest(client, text, index_type, tag="odd")
    near("odd")
    copied = near.there.repository(near.destination).content("prod")
    assert copied
    assert (copied.descriptor.digest, copied.descriptor.media_type) == (root.digest, root.media_type)
    assert near.tags() == {"prod": root.digest}


def test_children_of_an_unknown_kind_are_copied_as_they_are(near: Copying) -> None:
    """Indexes inside an index, and a manifest whose type only its index names."""
    client = near.there.repository(near.source, write=True)
    inner = put_manifest(client, single(client, "inner"), OCI_MANIFEST)
    nested = put_manifest(client, index([inner]), OCI_INDEX)
    odd = Descriptor("", inner.digest, inner.size)
    root = put_manifest(client, index([nested, odd]), OCI_INDEX, tag="nested")
    near("nested")
    assert near.tags() == {"prod": root.digest}


def test_more_than_eight_indexes_inside_one_another_are_no_image(near: Copying, proxy: FaultServer) -> None:
    client = near.there.repository(near.source, write=True)
    node = put_manifest(client, single(client, "deep"), OCI_MANIFEST)
    for _ in range(10):
        node = put_manifest(client, index([node]), OCI_INDEX)
    proxy.reset()
    with pytest.raises(IntegrityError, match="contains itself"):
        near(str(node.digest))
    assert written(proxy) == []


def test_a_new_repository_on_the_same_host_needs_no_upload_of_what_a_third_has(far: Copying, push: Pushing) -> None:
    """The destination's host got the blobs in this run, under another name."""
    far()
    second = Copying(far.there, far.source, Repository(far.destination.registry, f"{far.destination.path}-2"))
    outcome = second()
    assert (outcome.mounted, outcome.uploaded) == (BLOBS, 0)
    assert whole(far.there.repository(second.destination), "prod") == push.root.digest


def single(client: RepositoryClient, text: str, media_type: str = OCI_MANIFEST) -> bytes:
    """A manifest of one small layer, with odd blanks."""
    config = put_blob(client, b'{"os": "linux", "architecture": "amd64"}', "application/vnd.oci.image.config.v1+json")
    layer = put_blob(client, text.encode(), "application/vnd.oci.image.layer.v1.tar")
    body = {"layers": [layer.as_json()], "config": config.as_json(), "mediaType": media_type, "schemaVersion": 2}
    return document(body) + b"  \n"


def index(children: list[Descriptor]) -> bytes:
    """An index of these."""
    return document({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [c.as_json() for c in children]})
