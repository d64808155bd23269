"""OCI image documents as values: descriptors, indexes, manifests (OCI image spec 1.1)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import IntegrityError, UsageError
from ci_toolkit.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES = (OCI_INDEX, DOCKER_INDEX)
MANIFEST_TYPES = (OCI_MANIFEST, DOCKER_MANIFEST)
REF_NAME = "org.opencontainers.image.ref.name"
_ATTESTATION = "vnd.docker.reference.type"
_NOWHERE = "unknown/unknown"
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}(?:;[\w=.+ -]*)?", re.ASCII)
_FIELDS = frozenset({
    "schemaversion", "mediatype", "artifacttype", "config", "layers", "manifests", "subject", "annotations",
    "digest", "size", "platform", "os", "architecture", "variant", "rootfs", "diff_ids", "history", "created_by",
    "empty_layer",
})  # fmt: skip
"""Of indexes, manifests and configs, casefolded."""
MAX_MANIFEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What points at content: media type, digest, size in bytes; an index's children have a platform."""

    media_type: str
    digest: Digest
    size: int
    platform: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_index(self) -> bool:
        """True for an image index or a Docker manifest list."""
        return self.media_type in INDEX_TYPES

    @property
    def is_manifest(self) -> bool:
        """True for an image manifest, OCI or Docker."""
        return self.media_type in MANIFEST_TYPES

    @property
    def is_attestation(self) -> bool:
        """True for BuildKit's attestation manifests, which describe a platform and run nowhere.

        One with a platform that a machine may have is none, whatever it says: it would be run there.
        Source: BuildKit, docs/attestations/attestation-storage.md.
        """
        return self.annotations.get(_ATTESTATION) == "attestation-manifest" and self.platform in (None, _NOWHERE)

    @property
    def is_image(self) -> bool:
        """True for a child that a machine can run: a manifest with a platform that isn't `unknown`."""
        return self.is_manifest and self.platform not in (None, _NOWHERE)

    @property
    def is_doubtful(self) -> bool:
        """True for a child of which nobody can tell that it runs nowhere, though it isn't known as an image.

        Source: containerd asks the config of a manifest without a platform; Podman takes one where no platform fits,
        and believes a manifest's own media type.
        """
        return not (self.is_index or self.is_image or self.platform == _NOWHERE)

    def as_json(self) -> dict[str, Any]:
        """The document's own form."""
        document: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.platform:
            os_name, architecture, *variant = self.platform.split("/")
            document["platform"] = {"architecture": architecture, "os": os_name}
            if variant:
                document["platform"]["variant"] = variant[0]
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        return document


@dataclass(frozen=True, slots=True)
class Index:
    """An image index: its children in order."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def platforms(self) -> dict[str, Digest]:
        """The digest of each platform's image manifest; attestations and unknown children left out."""
        return {d.platform: d.digest for d in self.manifests if d.is_image and d.platform}

    @property
    def attestations(self) -> tuple[Descriptor, ...]:
        """BuildKit's attestation manifests."""
        return tuple(d for d in self.manifests if d.is_attestation)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image manifest: its config and layers, lowest layer first."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Everything the manifest needs, each blob once: the layers, then the config."""
        return tuple({d.digest: d for d in (*self.layers, self.config)}.values())


def refuse_doubtful(children: Iterable[Descriptor], where: str) -> None:
    """Raise IntegrityError where one of an index's children may run somewhere, and yet nobody would look into it."""
    for child in children:
        if child.is_doubtful:
            message = (
                f"{where} lists {child.digest}, {child.media_type[:60]!r} for {child.platform or 'no platform'}: "
                "a machine may run it, and it isn't known as an image"
            )
            raise IntegrityError(message, hint="name the platform of every image, and keep artifacts out of the index")


def is_media_type(text: str) -> bool:
    """True for what RFC 6838, 4.2 allows. Media types travel in headers, so nothing else may."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An `object_pairs_hook`: raises ValueError for a field that stands there twice, in whatever case.

    Go, so every engine and Trivy, takes `Manifests` for `manifests`, and the last one counts.
    """
    fields = [key.casefold() for key, _ in pairs if key.casefold() in _FIELDS]
    if len(set(fields)) < len(fields):
        message = f"it names a field twice: {', '.join(sorted({f for f in fields if fields.count(f) > 1}))}"
        raise ValueError(message)
    return dict(pairs)


def parse_document(data: bytes, media_type: str = "") -> Index | Manifest:
    """Read an index or a manifest; raises IntegrityError for anything else, however broken.

    `media_type` is what the outside (Content-Type, descriptor) says; a document that says otherwise is refused.
    """
    try:
        document = json.loads(data, object_pairs_hook=unambiguous)
    except (ValueError, RecursionError) as error:
        message = f"not an OCI document: {str(error)[:100]}"
        raise IntegrityError(message) from None
    if not isinstance(document, dict):
        message = "not an OCI document: the root is no object"
        raise IntegrityError(message)
    own = document.get("mediaType") or media_type or (OCI_INDEX if "manifests" in document else OCI_MANIFEST)
    if media_type and own != media_type:
        message = f"the document calls itself {own!r} but was announced as {media_type!r}"
        raise IntegrityError(message)
    try:
        annotations = _annotations(document)
        if own in INDEX_TYPES:
            children = tuple(descriptor_of(item) for item in document["manifests"])
            return Index(own, children, annotations)
        if own in MANIFEST_TYPES:
            layers = tuple(descriptor_of(item) for item in document["layers"])
            return Manifest(own, descriptor_of(document["config"]), layers, annotations)
    except (KeyError, TypeError, AttributeError, ValueError, UsageError) as error:
        message = f"malformed {own}: {type(error).__name__} at {error}"
        raise IntegrityError(message) from None
    message = f"not an image: media type {own!r}"
    raise IntegrityError(message)


def parse_index(data: bytes, media_type: str = "") -> Index:
    """`parse_document`, refusing what is no index."""
    document = parse_document(data, media_type)
    if not isinstance(document, Index):
        message = f"an image index was expected, found {document.media_type}"
        raise IntegrityError(message)
    return document


def parse_manifest(data: bytes, media_type: str = "") -> Manifest:
    """`parse_document`, refusing what is no image manifest."""
    document = parse_document(data, media_type)
    if not isinstance(document, Manifest):
        message = f"an image manifest was expected, found {document.media_type}"
        raise IntegrityError(message)
    return document


def platform_of(document: Mapping[str, Any]) -> str:
    """`os/architecture[/variant]` of a platform object or an image config; `arm64/v8` is plain `arm64`.

    Source: containerd's platform normalisation, which BuildKit and Trivy share.
    """
    os_name, architecture = document["os"], document["architecture"]
    variant = document.get("variant") or ""
    if (architecture, variant) == ("arm64", "v8"):
        variant = ""
    return "/".join(part for part in (os_name, architecture, variant) if part)


def _annotations(document: Mapping[str, Any]) -> dict[str, str]:
    annotations = document.get("annotations") or {}
    return {str(key): str(value) for key, value in annotations.items()}


def descriptor_of(item: Mapping[str, Any]) -> Descriptor:
    """A descriptor as it stands in a document; raises KeyError, TypeError, ValueError, UsageError for none."""
    size = item["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        message = f"size {size!r}"
        raise ValueError(message)
    platform = platform_of(item["platform"]) if item.get("platform") else None
    return Descriptor(item.get("mediaType", ""), Digest(item["digest"]), size, platform, _annotations(item))
