"""An image's archive, whoever wrote it, as an OCI layout: what `docker save` writes, or a layout in a tar."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from ci_toolkit.builders.saved import unpacked, write_layout
from ci_toolkit.errors import IntegrityError, UsageError
from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import OCI_INDEX, Index, Manifest, parse_document, parse_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ci_toolkit.builders.base import Workspace
    from ci_toolkit.model.digest import Digest

_CHUNK = 1024 * 1024
_BLOBS = "blobs/sha256"


def archive_to_layout(file: Path, workspace: Workspace) -> None:
    """Write the image of an archive to `workspace.layout`; of one with both forms, that of `manifest.json`.

    The blobs of a layout are moved as they are: whoever reads them checks them. Raises UsageError for a file that
    is no image's archive, IntegrityError for one whose forms hold different images, and as `saved.to_layout` does.
    """
    with unpacked(_chunks(file), workspace) as files:
        layout = Layout(workspace.layout)
        if "manifest.json" in files:
            write_layout(files, layout, {}, compress=False)
            if "index.json" in files:
                _refuse_others(file, files, layout)
        elif "index.json" in files:
            _move(files, layout)
        else:
            message = f"{file} holds no image: neither `manifest.json` nor `index.json` is in it"
            raise UsageError(message, hint="save one with `docker save -o FILE IMAGE`")


def _refuse_others(archive: Path, files: Mapping[str, Path], layout: Layout) -> None:
    """It is for an engine's image store to say which of the two forms `docker load` reads."""
    image = layout.document(layout.root())
    own = {image.config.digest} if isinstance(image, Manifest) else set()
    if not set(_configs(files)) <= own:
        message = f"{archive} holds other images by its `index.json` than by its `manifest.json`"
        raise IntegrityError(
            message, hint="unpack it, and scan the directory as oci:DIR: all its platforms are scanned"
        )


def _configs(files: Mapping[str, Path]) -> Iterator[Digest]:
    """The config of every image that is there in the form of a layout."""
    waiting = list(parse_index(files["index.json"].read_bytes(), OCI_INDEX).manifests)
    seen: set[Digest] = set()
    while waiting:
        child = waiting.pop()
        file = files.get(f"{_BLOBS}/{child.digest.hex}")
        # An engine saves the index whole, of platforms that it has not, too.
        if file is None or child.digest in seen or child.is_attestation:
            continue
        seen.add(child.digest)
        document = parse_document(file.read_bytes(), child.media_type)
        if isinstance(document, Index):
            waiting += document.manifests
        else:
            yield document.config.digest


def _move(files: Mapping[str, Path], layout: Layout) -> None:
    layout.create()
    for name, file in files.items():
        directory, base = posixpath.split(name)
        if directory == _BLOBS:
            file.replace(layout.blobs / base)
    files["index.json"].replace(layout.path / "index.json")


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
