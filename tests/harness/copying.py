"""A copy between two repositories, what is attached to images, and a look at what came of it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.layout import Layout
from ci_toolkit.model.attached import Artifact, merged_list, referrers_tag
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX, OCI_MANIFEST, Descriptor
from ci_toolkit.registry.blob import LayoutBlob
from ci_toolkit.registry.client import Content
from ci_toolkit.registry.graph import node_of, read_graph
from ci_toolkit.registry.upload import bring_blob
from tests.harness.pushing import document

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ci_toolkit.model.reference import Repository
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.registry.copy_plan import CopyPlan
    from ci_toolkit.registry.destinations import Destinations
    from ci_toolkit.registry.outcome import Outcome

WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass
class Copying:
    """A copy from one repository to another."""

    there: Destinations
    source: Repository
    destination: Repository

    def plan(
        self, reference: str = "1.0", tags: Sequence[str] = ("prod",), *, immutable: Collection[str] = ()
    ) -> CopyPlan:
        """Plan it."""
        return self.there.copier(self.source, self.destination).plan(reference, tags, immutable=immutable)

    def __call__(self, reference: str = "1.0", tags: Sequence[str] = ("prod",), *, artifacts: bool = True) -> Outcome:
        """Plan and run it."""
        copier = self.there.copier(self.source, self.destination)
        return copier.run(copier.plan(reference, tags, artifacts=artifacts))

    def tags(self) -> dict[str, Digest]:
        """Every tag of the destination with its digest; fails if what a tag points at isn't whole."""
        client = self.there.repository(self.destination)
        return {tag: whole(client, tag) for tag in client.tags()}


def whole(client: RepositoryClient, reference: str) -> Digest:
    """The digest of what is there with all that it needs; fails where something is missing."""
    content = client.content(reference)
    assert content, f"{reference} is missing"
    graph = read_graph(client, node_of(content))
    assert all(client.has_blob(blob.digest) for blob in graph.blobs)
    return content.descriptor.digest


def put_blob(client: RepositoryClient, data: bytes, media_type: str = "application/octet-stream") -> Descriptor:
    """Write a blob into a repository."""
    with tempfile.TemporaryDirectory() as scratch:
        layout = Layout(Path(scratch))
        layout.create()
        descriptor = Descriptor(media_type, layout.add(data), len(data))
        bring_blob(client, LayoutBlob(layout, descriptor))
    return descriptor


def put_manifest(client: RepositoryClient, data: bytes, media_type: str, *, tag: str = "") -> Descriptor:
    """Write a document as it is, under a tag too where one is given."""
    content = Content(Descriptor(media_type, Digest.of(data), len(data)), data)
    client.put_manifest(content)
    if tag:
        client.put_tag(content, tag)
    return content.descriptor


def attach(client: RepositoryClient, subject: Descriptor, kind: str, text: str) -> Descriptor:
    """Attach an artifact as the spec wants it: with a subject, listed under the fallback tag where no API does it."""
    config = put_blob(client, b"{}", "application/vnd.oci.empty.v1+json")
    layer = put_blob(client, text.encode(), kind)
    manifest = document(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": kind,
            "config": config.as_json(),
            "layers": [layer.as_json()],
            "subject": Descriptor(subject.media_type, subject.digest, subject.size).as_json(),
        }
    )
    content = Content(Descriptor(OCI_MANIFEST, Digest.of(manifest), len(manifest)), manifest)
    if not client.put_manifest(content):
        tag = referrers_tag(subject.digest)
        known = client.content(tag)
        artifact = Artifact(subject=subject.digest, descriptor=content.descriptor, artifact_type=kind)
        put_manifest(client, merged_list(known.data if known else None, [artifact]), OCI_INDEX, tag=tag)
    return content.descriptor


def cosign_manifest(client: RepositoryClient, signatures: Sequence[str], *, tag: str) -> Descriptor:
    """What cosign keeps under a tag: one payload, and a layer of it for each signature."""
    config = put_blob(client, b"{}", "application/vnd.oci.image.config.v1+json")
    payload = put_blob(client, b"payload", "application/vnd.dev.cosign.simplesigning.v1+json")
    layers = [{**payload.as_json(), "annotations": {"dev.cosignproject.cosign/signature": s}} for s in signatures]
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config.as_json(), "layers": layers}
    return put_manifest(client, document(manifest), OCI_MANIFEST, tag=tag)
