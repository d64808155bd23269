"""What is attached to an image goes with it: by the fallback tag, by the referrers API, by cosign's tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.attached import cosign_tags, read_referrers, referrers_tag
from ci_toolkit.model.oci import OCI_INDEX, Descriptor, parse_index
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.referrers import Referrers
from tests.harness.copying import Copying, attach, cosign_manifest, put_manifest
from tests.harness.memory_registry import MemoryRegistry
from tests.harness.proxy import FaultServer, answers
from tests.harness.pushing import Heard, Pushing, destinations, repository_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.registry.client import RepositoryClient

SBOM, SCAN = "application/spdx+json", "application/sarif+json"


@pytest.fixture
def memory() -> Iterator[FaultServer]:
    """A registry with the referrers API."""
    with FaultServer().running() as server:
        server.rule("", "", MemoryRegistry(), times=10**6)
        yield server


@pytest.fixture(params=["fallback", "api"])
def source(request: pytest.FixtureRequest, proxy: FaultServer, memory: FaultServer) -> FaultServer:
    return proxy if request.param == "fallback" else memory


@pytest.fixture(params=["fallback", "api"])
def target(request: pytest.FixtureRequest, proxy: FaultServer, memory: FaultServer) -> FaultServer:
    return proxy if request.param == "fallback" else memory


@pytest.fixture
def copying(
    source: FaultServer, target: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> Iterator[Copying]:
    """An image at the source, and a copy to each kind of registry: four ways."""
    origin = repository_for(source.host, tmp_path)
    with destinations() as there:
        Pushing(there, origin, *image)()
        yield Copying(there, origin, Repository(target.host, f"{origin.path}-prod"))


def writer(copying: Copying, *, at: str = "source") -> RepositoryClient:
    return copying.there.repository(getattr(copying, at), write=True)


def attached(copying: Copying, subject: Digest) -> set[str]:
    """The digests of all that is attached at the destination, near and far, each of them readable there."""
    client = copying.there.repository(copying.destination)
    found = Referrers(client).below([subject])
    assert all(client.content(str(artifact.descriptor.digest)) for artifact in found)
    return {str(artifact.descriptor.digest) for artifact in found}


def test_referrers_of_the_index_of_a_child_and_of_a_referrer(
    copying: Copying, image: tuple[Layout, Descriptor]
) -> None:
    layout, root = image
    child = parse_index(layout.read(root)).manifests[0]
    client = writer(copying)
    sbom = attach(client, root, SBOM, "sbom")
    signature = attach(client, sbom, "application/vnd.dev.sigstore.bundle.v0.3+json", "signature of the sbom")
    wanted = [sbom, signature, *(attach(client, root, SCAN, text) for text in ("a scan", "another"))]
    of_child = attach(client, child, SBOM, "sbom of a platform")
    copying()
    assert attached(copying, root.digest) == {str(descriptor.digest) for descriptor in wanted}
    assert attached(copying, child.digest) == {str(of_child.digest)}
    assert copying.plan().is_done


def test_what_somebody_else_attached_stays(copying: Copying, image: tuple[Layout, Descriptor]) -> None:
    root = image[1]
    ours = attach(writer(copying), root, SBOM, "ours")
    copying(artifacts=False)
    assert attached(copying, root.digest) == set()
    theirs = attach(writer(copying, at="destination"), root, SCAN, "theirs")
    copying()
    assert attached(copying, root.digest) == {str(ours.digest), str(theirs.digest)}


def test_an_image_that_is_there_still_gets_what_was_attached_since(
    copying: Copying, image: tuple[Layout, Descriptor]
) -> None:
    root = image[1]
    copying()
    late = attach(writer(copying), root, SBOM, "late")
    plan = copying.plan()
    assert (plan.present, plan.missing, len(plan.attaching)) == (True, (), 1)
    copying()
    assert attached(copying, root.digest) == {str(late.digest)}


def test_cosigns_tags(copying: Copying, image: tuple[Layout, Descriptor]) -> None:
    root = image[1]
    tags = cosign_tags(root.digest)
    found = [cosign_manifest(writer(copying), [f"of {tag}"], tag=tag) for tag in tags]
    copying()
    there = copying.tags()
    assert [there[tag] for tag in tags] == [descriptor.digest for descriptor in found]
    assert copying.plan().is_done


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        (["one", "two"], ["one"], "source"),
        (["one"], ["one", "two"], "destination"),
        (["one"], ["two"], "destination"),
    ],
    ids=["the source has more", "the destination has more", "both have one of their own"],
)
def test_no_signature_at_the_destination_is_lost(
    copying: Copying, image: tuple[Layout, Descriptor], here: list[str], there: list[str], expected: str
) -> None:
    root = image[1]
    tag = cosign_tags(root.digest)[0]
    digests = {
        "source": cosign_manifest(writer(copying), here, tag=tag).digest,
        "destination": cosign_manifest(writer(copying, at="destination"), there, tag=tag).digest,
    }
    plan = copying.plan()
    assert bool(plan.warnings) is (set(here).isdisjoint(there))
    copying()
    assert copying.tags()[tag] == digests[expected]


def test_the_api_is_asked_for_once_where_it_is_missing(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    origin = repository_for(proxy.host, tmp_path)
    with destinations() as there:
        Pushing(there, origin, *image)()
        attach(there.repository(origin, write=True), image[1], SBOM, "sbom")
        for number in range(3):
            Copying(there, origin, Repository(proxy.host, f"{origin.path}-{number}"))()
    assert proxy.count("GET", "/referrers/") == 1


@pytest.mark.parametrize("status", [403, 405])
def test_where_tags_may_not_be_listed_each_is_asked_for(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path, status: int
) -> None:
    origin = repository_for(proxy.host, tmp_path)
    with destinations() as there:
        Pushing(there, origin, *image)()
        attach(there.repository(origin, write=True), image[1], SBOM, "sbom")
        proxy.rule("GET", "/tags/list", answers(status), times=99)
        copying = Copying(there, origin, Repository(proxy.host, f"{origin.path}-prod"))
        copying()
        assert len(attached(copying, image[1].digest)) == 1


def test_a_list_that_is_none_is_refused_before_anything_is_written(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    origin = repository_for(proxy.host, tmp_path)
    with destinations() as there:
        push = Pushing(there, origin, *image)
        push()
        child = parse_index(image[0].read(image[1])).manifests[0]
        client = there.repository(origin, write=True)
        put_manifest(client, image[0].read(child), child.media_type, tag=referrers_tag(image[1].digest))
        proxy.reset()
        with pytest.raises(IntegrityError, match="list of what refers to"):
            Copying(there, origin, Repository(proxy.host, f"{origin.path}-prod"))()
        assert proxy.count("PUT") + proxy.count("POST") == 0


def test_an_artifact_that_is_listed_and_gone_is_told(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    origin, heard = repository_for(proxy.host, tmp_path), Heard()
    with destinations(progress=heard) as there:
        Pushing(there, origin, *image)()
        client = there.repository(origin, write=True)
        gone = attach(client, image[1], SBOM, "gone")
        client.host.exchange("DELETE", f"/v2/{client.path}/manifests/{gone.digest}", client.scopes, allow=(202,))
        copying = Copying(there, origin, Repository(proxy.host, f"{origin.path}-prod"))
        assert copying().moved == ("prod",)
    assert str(gone.digest) in heard.of("warn")[0]


def test_two_copies_at_once_lose_no_referrer(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    """Somebody adds to the list between our look at it and our write; ours goes in beside it."""
    origin = repository_for(proxy.host, tmp_path)
    root, tag = image[1], referrers_tag(image[1].digest)
    with destinations() as there, destinations() as other:
        Pushing(there, origin, *image)()
        ours = attach(there.repository(origin, write=True), root, SBOM, "ours")
        copying = Copying(there, origin, Repository(proxy.host, f"{origin.path}-prod"))
        plan = copying.plan()
        theirs = attach(other.repository(copying.destination, write=True), root, SCAN, "theirs")
        there.copier(copying.source, copying.destination).run(plan)
        content = there.repository(copying.destination).content(tag)
        assert content
        found = {artifact.descriptor.digest for artifact in read_referrers(content.data, root.digest)}
        assert found == {ours.digest, theirs.digest}
        assert json.loads(content.data)["mediaType"] == OCI_INDEX
