"""A registry on disk: an OCI image layout whose index.json has an entry for each tag.

Source: OCI image spec 1.1, image-layout.md and annotations.md (`org.opencontainers.image.ref.name`).
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import REF_NAME, Descriptor
from ci_toolkit.registry.blob import blobs_of
from ci_toolkit.registry.outcome import Outcome
from ci_toolkit.registry.previous import PreviousImage, PreviousOnDisk, copy_blob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from ci_toolkit.progress import Progress


def push_to_disk(
    directory: Path,
    source: Layout,
    root: Descriptor,
    tags: Sequence[str],
    immutable: Collection[str] = (),
    *,
    progress: Progress,
) -> Outcome:
    """Copy the image into the directory's layout and point the tags at it; untouched where nothing changes.

    Blobs first, index.json last and at once: whoever reads finds a whole image under every tag. Raises
    IntegrityError if one of the `immutable` tags has another digest, before anything is copied, and if the source
    isn't what its digests say; ToolError.
    """
    store = Layout(directory)
    with _locked(directory):
        if not (directory / "index.json").is_file():
            store.create()
        for left in store.blobs.glob(".incoming.*"):
            left.unlink()
        entries = store.entries()
        known = {entry.annotations.get(REF_NAME): entry.digest for entry in entries}
        moved = tuple(tag for tag in tags if known.get(tag) != root.digest)
        for tag in moved:
            if tag in immutable and tag in known:
                message = f"{directory}: tag {tag} is immutable and is {known[tag]}, not {root.digest}"
                raise IntegrityError(message, hint="give this image another tag, or remove the old one on purpose")
        outcome = _copy_image(source, root, store, progress)
        if moved:
            kept = [entry for entry in entries if entry.annotations.get(REF_NAME) not in moved]
            plain = Descriptor(root.media_type, root.digest, root.size, root.platform)
            store.write_entries([*kept, *(replace(plain, annotations={REF_NAME: tag}) for tag in moved)])
    return replace(outcome, moved=moved, unchanged=tuple(tag for tag in tags if tag not in moved))


def previous_on_disk(directory: Path, tag: str) -> PreviousImage | None:
    """What a tag of a registry on disk points at; None where there is no such tag, or no such directory."""
    if not (directory / "index.json").is_file():
        return None
    store = Layout(directory)
    found = next((entry for entry in store.entries() if entry.annotations.get(REF_NAME) == tag), None)
    return PreviousOnDisk(store, replace(found, annotations={}), store.read(found)) if found else None


def _copy_image(source: Layout, root: Descriptor, store: Layout, progress: Progress) -> Outcome:
    blobs = blobs_of(source, root)
    sent = []
    with progress.task(f"push to {store.path}", len(blobs), unit="blobs") as task:
        for blob in blobs:
            if copy_blob(source, blob, store):
                sent.append(blob.size)
            task.advance(1)
    for node, _ in source.walk(root):
        store.add(source.read(node))
    return Outcome(uploaded=len(sent), present=len(blobs) - len(sent), bytes=sum(sent))


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Keep other pushes to this directory waiting: each reads index.json, changes it, and writes it back."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        message = f"can't make the registry on disk {directory}: {error.strerror}"
        raise ToolError(message) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
