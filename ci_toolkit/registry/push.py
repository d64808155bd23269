"""Pushing a layout's image to a repository: blobs, children by digest, the index, tags last."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.oci import Descriptor, Index, Manifest
from ci_toolkit.registry.blob import LayoutBlob
from ci_toolkit.registry.client import Content
from ci_toolkit.registry.crew import each
from ci_toolkit.registry.outcome import Outcome
from ci_toolkit.registry.upload import bring_blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.progress import Progress
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.registry.upload import How

WORKERS = 4
"""As many as crane; more serve no registry better."""


class Holdings:
    """Which repository of which host holds which blob, as this run knows: where blobs can be mounted from."""

    def __init__(self) -> None:
        self._paths: dict[tuple[str, Digest], str] = {}

    def add(self, repository: RepositoryClient, blobs: Iterable[Descriptor]) -> None:
        """The repository holds these blobs now."""
        for blob in blobs:
            self._paths.setdefault((repository.host.name, blob.digest), repository.path)

    def source(self, repository: RepositoryClient, blob: Descriptor) -> str | None:
        """Another repository of the same host that has the blob."""
        path = self._paths.get((repository.host.name, blob.digest))
        return path if path != repository.path else None


@dataclass(frozen=True, slots=True)
class _Image:
    """An image of a layout, taken apart: what must be there before what."""

    root: Content
    manifests: tuple[Content, ...]
    indexes: tuple[Content, ...]
    """Children before their parents; the root last if it is one."""
    blobs: tuple[Descriptor, ...]
    """Each once, the largest first: so the threads end together."""

    @classmethod
    def of(cls, layout: Layout, root: Descriptor) -> _Image:
        manifests: list[Content] = []
        indexes: list[Content] = []
        blobs: dict[Digest, Descriptor] = {}
        for node, document in layout.walk(root):
            content = Content(node, layout.read(node))
            (indexes if isinstance(document, Index) else manifests).append(content)
            blobs.update({b.digest: b for b in document.blobs} if isinstance(document, Manifest) else {})
        last = indexes[-1] if indexes else manifests[-1]
        largest_first = sorted(blobs.values(), key=lambda blob: -blob.size)
        return cls(last, tuple(manifests), tuple(indexes), tuple(largest_first))


@dataclass(slots=True)
class _Count:
    """What the threads did so far."""

    how: dict[How, int] = field(default_factory=lambda: {"present": 0, "mounted": 0, "uploaded": 0})
    bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, how: How, size: int) -> None:
        with self.lock:
            self.how[how] += 1
            self.bytes += size if how == "uploaded" else 0


def push_image(
    repository: RepositoryClient,
    layout: Layout,
    root: Descriptor,
    tags: Sequence[str],
    *,
    holdings: Holdings,
    progress: Progress,
    workers: int = WORKERS,
) -> Outcome:
    """Bring the image there, then point the tags at it, each looked at afterwards.

    A repository that has the root's digest has all of it: registries take a manifest only with what it needs. A tag
    that has the digest stays untouched, so a second push writes nothing. Raises IntegrityError if the layout isn't
    what its digests say, before any tag is touched; HttpError, after its retries.
    """
    image, count = _Image.of(layout, root), _Count()
    if repository.resolve(str(root.digest)) is None:
        _bring_blobs(repository, layout, image, holdings, progress, count, workers)
        each(repository.put_manifest, image.manifests, workers=workers)
        for index in image.indexes:
            repository.put_manifest(index)
        _require(repository, str(root.digest), root.digest)
    else:
        count.how["present"] = len(image.blobs)
    holdings.add(repository, image.blobs)
    moved = _point(repository, image.root, tags, workers)
    return Outcome(
        **count.how,
        bytes=count.bytes,
        moved=moved,
        unchanged=tuple(tag for tag in tags if tag not in moved),
    )


def _bring_blobs(
    repository: RepositoryClient,
    layout: Layout,
    image: _Image,
    holdings: Holdings,
    progress: Progress,
    count: _Count,
    workers: int,
) -> None:
    title = f"push to {repository.host.name}/{repository.path}"
    with progress.task(title, sum(blob.size for blob in image.blobs)) as task:

        def bring(descriptor: Descriptor) -> None:
            blob = LayoutBlob(layout, descriptor, task.advance)
            how = bring_blob(repository, blob, mount_from=holdings.source(repository, descriptor))
            if how != "uploaded":
                task.advance(descriptor.size)
            count.add(how, descriptor.size)

        each(bring, image.blobs, workers=workers)


def _point(repository: RepositoryClient, root: Content, tags: Sequence[str], workers: int) -> tuple[str, ...]:
    """Point the tags at the root, in order; return those that had to be moved."""
    digest = root.descriptor.digest
    before = each(repository.resolve, tags, workers=workers)
    moved = tuple(tag for tag, found in zip(tags, before, strict=True) if not found or found.digest != digest)
    for tag in moved:
        repository.put_tag(root, tag)
        _require(repository, tag, digest)
    return moved


def _require(repository: RepositoryClient, reference: str, digest: Digest) -> None:
    found = repository.resolve(reference)
    if found is None or found.digest != digest:
        where = f"{repository.host.name}/{repository.path}"
        message = f"{where}: {reference} was written as {digest}, and is now {found.digest if found else 'missing'}"
        raise IntegrityError(message, hint="does another job write the same tag? Otherwise look at the registry")
