"""Looking at an image in a repository without fetching its layers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.image_view import AttestationView, ImageView, PlatformView
from ci_toolkit.model.oci import (
    MANIFEST_TYPES,
    MAX_MANIFEST,
    OCI_CONFIG,
    Descriptor,
    Index,
    Manifest,
    parse_document,
    platform_of,
)
from ci_toolkit.registry.crew import WORKERS, each
from ci_toolkit.registry.graph import node_of, read_graph
from ci_toolkit.registry.missing import find, lost
from ci_toolkit.registry.referrers import Referrers
from ci_toolkit.registry.remote_blob import read_blob

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.model.attached import Artifact
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.registry.client import Content, RepositoryClient
    from ci_toolkit.registry.graph import Node

_PREDICATE = "in-toto.io/predicate-type"
_DESCRIBED = 50
"""How many artifacts are looked into; each costs a request."""
_SUBJECT = "vnd.docker.reference.digest"
_CONFIGS = (OCI_CONFIG, "application/vnd.docker.container.image.v1+json")


def platforms_of(repository: RepositoryClient, root: Descriptor) -> dict[str, Descriptor]:
    """What an image holds for each platform; a single manifest's platform is what its config says."""
    content = _content(repository, root.digest)
    document = parse_document(content.data, content.descriptor.media_type)
    if isinstance(document, Index):
        return {child.platform: child for child in document.manifests if child.is_image and child.platform}
    platform = _platform(_config(repository, document))
    return {platform: content.descriptor} if platform else {}


def inspect(repository: RepositoryClient, reference: str, *, name: str, artifacts: bool = True) -> ImageView:
    """The image of a tag or digest as it is shown, `name` its heading.

    Raises RemoteError where it isn't there, IntegrityError for broken documents, HttpError.
    """
    root = node_of(_content(repository, find(repository, reference).digest))
    graph = read_graph(repository, root)
    manifests = [node for node in graph.nodes if node.content.descriptor.media_type in MANIFEST_TYPES]
    images = [node for node in manifests if not node.content.descriptor.is_attestation]
    platforms = each(lambda node: _platform_view(repository, node), images, workers=WORKERS)
    by_digest = {view.digest: view for view in platforms}
    listed = [child.digest for node in graph.nodes for child in node.links.manifests]
    document = parse_document(root.content.data, root.content.descriptor.media_type)
    known = {node.digest for node in graph.nodes}
    subjects = [root.digest, *dict.fromkeys(digest for digest in listed if digest in known)]
    return ImageView(
        reference=name,
        root=root.content.descriptor,
        platforms=tuple(by_digest[digest] for digest in dict.fromkeys([*listed, root.digest]) if digest in by_digest),
        attestations=tuple(_attestation(node, by_digest) for node in manifests if node not in images),
        others=tuple(c for c in root.links.manifests if not (c.is_index or c.is_manifest)),
        attached=_attached(repository, subjects) if artifacts else (),
        annotations=document.annotations,
        artifact_type="" if isinstance(document, Index) else _artifact_type(root),
    )


def _attached(repository: RepositoryClient, subjects: Sequence[Digest]) -> tuple[Artifact, ...]:
    found = Referrers(repository).below(subjects)

    def described(artifact: Artifact) -> Artifact:
        if artifact.tag:
            return artifact
        descriptor = artifact.descriptor
        content = repository.content(str(descriptor.digest), accept=descriptor.media_type)
        return artifact.described(content.data) if content else artifact

    return (*each(described, found[:_DESCRIBED], workers=WORKERS), *found[_DESCRIBED:])


def _content(repository: RepositoryClient, digest: Digest) -> Content:
    content = repository.content(str(digest))
    if content is None:
        raise lost(repository, str(digest))
    return content


def _platform_view(repository: RepositoryClient, node: Node) -> PlatformView:
    document = parse_document(node.content.data, node.content.descriptor.media_type)
    if not isinstance(document, Manifest):
        raise TypeError(node.digest)
    config = _config(repository, document)
    created = config.get("created")
    return PlatformView(
        platform=node.content.descriptor.platform or _platform(config),
        digest=node.digest,
        size=sum(blob.size for blob in document.blobs),
        layers=len(document.layers),
        created=created if isinstance(created, str) else "",
    )


def _attestation(node: Node, platforms: Mapping[Digest, PlatformView]) -> AttestationView:
    subject = node.content.descriptor.annotations.get(_SUBJECT, "")
    spoken_of = next((view.platform for digest, view in platforms.items() if str(digest) == subject), "")
    predicates = (blob.annotations.get(_PREDICATE) or blob.media_type for blob in node.links.blobs)
    shown = tuple(p for p in predicates if p not in _CONFIGS)
    return AttestationView(digest=node.digest, platform=spoken_of, predicates=shown)


def _config(repository: RepositoryClient, document: Index | Manifest) -> dict[str, Any]:
    """The config of an image; empty for anything else, and for one that can't be understood."""
    if isinstance(document, Index) or document.config.media_type not in _CONFIGS:
        return {}
    try:
        config: Any = json.loads(read_blob(repository, document.config, limit=MAX_MANIFEST))
    except (ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def _platform(config: Mapping[str, Any]) -> str:
    try:
        return platform_of(config)
    except (KeyError, TypeError):
        return ""


def _artifact_type(root: Node) -> str:
    return "" if root.links.artifact_type in _CONFIGS else root.links.artifact_type
