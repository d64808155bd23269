"""A build's layout: what it holds, which image of before it is again, and how it takes its place on disk."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.model.oci import Descriptor, Index, Manifest, parse_document, parse_manifest, platform_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.digest import Digest

_MAX_CONFIG = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image in a layout: its root, each platform's digest, the attestations beside them."""

    root: Descriptor
    platforms: Mapping[str, Digest]
    attestations: tuple[Descriptor, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviousImage:
    """An image that was built before: its index as bytes, and where the rest of it can be had.

    `fetch` brings one manifest or blob into a layout, checked against its descriptor; it raises a ToolkitError.
    """

    index: bytes
    media_type: str
    fetch: Callable[[Descriptor, Layout], None]


def inspect(layout: Layout) -> BuiltImage:
    """The one image of a layout, an index or a single manifest; raises IntegrityError where it is broken."""
    listed = layout.root()
    root = Descriptor(listed.media_type, listed.digest, listed.size)
    document = layout.document(root)
    if isinstance(document, Index):
        built = BuiltImage(root, document.platforms, document.attestations)
    else:
        built = BuiltImage(root, {_config_platform(layout, document): root.digest})
    if not built.platforms:
        message = f"{layout.path} holds no image that could run anywhere"
        raise IntegrityError(message, hint="build again")
    return built


def known_in(layout: Layout, digest: Digest) -> PreviousImage | None:
    """The image that a state says lies in this layout, if it still does."""
    try:
        root = layout.root()
        if root.digest != digest:
            return None
        return PreviousImage(layout.read(root), root.media_type, lambda wanted, into: _copy(layout, wanted, into))
    except (IntegrityError, ToolError):
        return None


def made_again(layout: Layout, built: BuiltImage, previous: PreviousImage) -> BuiltImage | None:
    """The previous image, completed in `layout`, if what was built is the same on every platform; None if not.

    Attestations hold times, so an index with them has a new digest at every build while the platforms keep theirs.
    """
    document = parse_document(previous.index, previous.media_type)
    if not is_again(document, built):
        return None
    for attestation in document.attestations:
        previous.fetch(attestation, layout)
        for blob in parse_manifest(layout.read(attestation), attestation.media_type).blobs:
            previous.fetch(blob, layout)
    root = Descriptor(document.media_type, layout.add(previous.index), len(previous.index))
    return BuiltImage(root, document.platforms, document.attestations)


def is_again(document: Index | Manifest, built: BuiltImage) -> TypeGuard[Index]:
    """True for an index of the very platforms that were built, attested as they are, and of nothing else."""
    if not isinstance(document, Index) or document.platforms != built.platforms:
        return False
    known = {*built.platforms.values(), *(attestation.digest for attestation in document.attestations)}
    return bool(document.attestations) == bool(built.attestations) and {d.digest for d in document.manifests} == known


def adopt(new: Layout, root: Descriptor, place: Layout) -> None:
    """Verify the image `root` of `new`, move it to `place`, and only then drop what lay there before.

    Whenever this is interrupted, `place` lists either the old image or the new one, and holds it whole. Raises
    IntegrityError for a wrong blob, ToolError where the disk fails.
    """
    new.verify(root)
    needed = {blob.hex for blob in _digests(new, root)}
    try:
        place.create()
        for name in sorted(needed):
            (new.blobs / name).replace(place.blobs / name)
        place.write_entries([root])
        for file in place.blobs.iterdir():
            if file.name not in needed:
                file.unlink()
    except OSError as error:
        message = f"can't move the image to {place.path}: {error}"
        raise ToolError(message, hint="is the disk full, or the workdir another user's?") from error


def _digests(layout: Layout, root: Descriptor) -> set[Digest]:
    found: set[Digest] = set()
    for node, document in layout.walk(root):
        found.add(node.digest)
        if isinstance(document, Manifest):
            found.update(blob.digest for blob in document.blobs)
    return found


def _config_platform(layout: Layout, manifest: Manifest) -> str:
    try:
        return platform_of(json.loads(layout.read(manifest.config, limit=_MAX_CONFIG)))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"the image config {manifest.config.digest} names no platform: {error}"
        raise IntegrityError(message, hint="build again") from error


def _copy(source: Layout, wanted: Descriptor, into: Layout) -> None:
    if into.has(wanted):
        return
    try:
        with source.open(wanted.digest) as stream:
            into.blobs.mkdir(parents=True, exist_ok=True)
            with into.blob(wanted.digest).open("wb") as target:
                shutil.copyfileobj(stream, target)
    except OSError as error:
        message = f"blob {wanted.digest} of {source.path} can't be copied: {error}"
        raise ToolError(message) from error
