"""What documents of any kind point at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.links import Links, links_of
from ci_toolkit.model.oci import DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST

FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
FORMER = "application/vnd.oci.artifact.manifest.v1+json"


def part(text: str, kind: str = "application/octet-stream", **more: Any) -> dict[str, Any]:
    return {"mediaType": kind, "digest": str(Digest.of(text.encode())), "size": len(text), **more}


def links(document: dict[str, Any], media_type: str) -> Links:
    return links_of(json.dumps(document).encode(), media_type)


def digests(found: Links) -> list[Digest]:
    return [blob.digest for blob in found.blobs]


def test_a_manifests_layers_and_config_each_once() -> None:
    layers = [part("a"), part("b"), part("a")]
    found = links({"config": part("c", OCI_CONFIG), "layers": layers}, OCI_MANIFEST)
    assert digests(found) == [Digest.of(text) for text in (b"a", b"b", b"c")]
    assert (found.manifests, found.subject, found.artifact_type) == ((), None, OCI_CONFIG)


def test_an_artifacts_type_and_subject() -> None:
    document = {
        "artifactType": "application/spdx+json",
        "config": part("{}", "application/vnd.oci.empty.v1+json"),
        "layers": [],
        "subject": part("image", OCI_MANIFEST),
    }
    found = links(document, OCI_MANIFEST)
    assert (found.subject, found.artifact_type) == (Digest.of(b"image"), "application/spdx+json")


def test_layers_that_lie_elsewhere_are_no_part_of_a_copy() -> None:
    """Windows base layers: registries don't hold them. One without an address is had from nowhere else."""
    layers = [part("a", FOREIGN, urls=["https://example.com/a"]), part("b", FOREIGN), part("d", urls=["https://e/d"])]
    found = links({"config": part("c", OCI_CONFIG), "layers": layers}, DOCKER_MANIFEST)
    assert digests(found) == [Digest.of(text) for text in (b"b", b"d", b"c")]


def test_an_indexs_children() -> None:
    found = links({"manifests": [part("a", OCI_MANIFEST), part("b", "application/x")]}, OCI_INDEX)
    assert [child.digest for child in found.manifests] == [Digest.of(b"a"), Digest.of(b"b")]


def test_the_former_artifact_manifest() -> None:
    found = links({"blobs": [part("a")], "artifactType": "a/b", "subject": part("s", OCI_MANIFEST)}, FORMER)
    assert (digests(found), found.subject, found.artifact_type) == ([Digest.of(b"a")], Digest.of(b"s"), "a/b")


@pytest.mark.parametrize("data", [b"no JSON", b"[]", b"1", b"[" * 100_000, b""])
def test_unknown_kinds_that_arent_understood_point_at_nothing(data: bytes) -> None:
    assert links_of(data, "application/x") == Links()


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        ({"manifests": [{}]}, OCI_INDEX),
        ({"layers": []}, OCI_MANIFEST),
        ({"mediaType": OCI_INDEX, "manifests": []}, OCI_MANIFEST),
        ({"blobs": [{"digest": "sha256:short", "size": 1}]}, FORMER),
        ({"blobs": [part("a") | {"size": -1}]}, FORMER),
        ({"blobs": "text"}, FORMER),
    ],
)
def test_broken_documents_are_refused(document: dict[str, Any], media_type: str) -> None:
    with pytest.raises(IntegrityError):
        links(document, media_type)
