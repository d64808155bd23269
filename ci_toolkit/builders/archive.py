"""An image's archive, whoever wrote it, as an OCI layout: what `docker save` writes, or a layout in a tar."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from ci_toolkit.builders.saved import unpacked, write_layout
from ci_toolkit.errors import UsageError
from ci_toolkit.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ci_toolkit.builders.base import Workspace

_CHUNK = 1024 * 1024
_BLOBS = "blobs/sha256"


def archive_to_layout(file: Path, workspace: Workspace) -> None:
    """Write the image of an archive to `workspace.layout`; of one with both forms, what `docker load` would load.

    The blobs of a layout are moved as they are: whoever reads them checks them. Raises UsageError for a file that
    is no image's archive, and as `saved.to_layout` does.
    """
    with unpacked(_chunks(file), workspace) as files:
        layout = Layout(workspace.layout)
        if "manifest.json" in files:
            write_layout(files, layout, {})
        elif "index.json" in files:
            _move(files, layout)
        else:
            message = f"{file} holds no image: neither `manifest.json` nor `index.json` is in it"
            raise UsageError(message, hint="save one with `docker save -o FILE IMAGE`")


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
