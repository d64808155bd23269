"""What a manifest or index points at, whatever its kind: all that a copy of it needs, and what it is attached to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import IntegrityError, UsageError
from ci_toolkit.model.oci import INDEX_TYPES, MANIFEST_TYPES, Descriptor, descriptor_of, parse_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ci_toolkit.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Links:
    """The children of an index, the blobs of a manifest, and the manifest's subject and type where it has them."""

    manifests: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    subject: Digest | None = None
    artifact_type: str = ""
    """OCI image spec 1.1, manifest.md: `artifactType`, else the config's media type."""


def links_of(data: bytes, media_type: str) -> Links:
    """The links of a document; raises IntegrityError where an image's document is broken.

    A document of a kind that we don't know (OCI's former artifact manifest, say) is read as far as it is understood.
    Layers that are told to be had elsewhere (`urls`) are left out: registries don't hold them.
    """
    if media_type in INDEX_TYPES or media_type in MANIFEST_TYPES:
        parse_document(data, media_type)
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return Links()
    try:
        return _links(document)
    except (KeyError, TypeError, AttributeError, ValueError, UsageError) as error:
        message = f"malformed {media_type or 'document'}: {type(error).__name__} at {error}"
        raise IntegrityError(message) from None


def _links(document: Mapping[str, Any]) -> Links:
    config, subject = document.get("config"), document.get("subject")
    items = [*(document.get("layers") or ()), *(document.get("blobs") or ()), *([config] if config else ())]
    return Links(
        tuple(_each_once(document.get("manifests") or ())),
        tuple(_each_once(item for item in items if not _is_elsewhere(item))),
        descriptor_of(subject).digest if subject else None,
        str(document.get("artifactType") or (config or {}).get("mediaType") or ""),
    )


def _each_once(items: Iterable[Mapping[str, Any]]) -> Iterator[Descriptor]:
    yield from {found.digest: found for found in map(descriptor_of, items)}.values()


def _is_elsewhere(item: Mapping[str, Any]) -> bool:
    kind = str(item.get("mediaType") or "")
    return bool(item.get("urls")) and ("foreign" in kind or "nondistributable" in kind)
