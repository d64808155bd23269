"""Pushing a layout's image to a repository: blobs, children by digest, the index, tags last."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_toolkit.model.oci import Descriptor, Index
from ci_toolkit.registry.blob import LayoutBlob, blobs_of
from ci_toolkit.registry.client import Content
from ci_toolkit.registry.crew import WORKERS, each
from ci_toolkit.registry.outcome import Outcome
from ci_toolkit.registry.pointing import look, point, require
from ci_toolkit.registry.upload import bring_blob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.progress import Progress
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.registry.upload import How


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


@dataclass(frozen=True, kw_only=True, slots=True)
class ImagePush:
    """One image of a layout on its way to one repository."""

    repository: RepositoryClient
    layout: Layout
    root: Descriptor
    holdings: Holdings
    progress: Progress

    def run(self, tags: Sequence[str], immutable: Collection[str] = ()) -> Outcome:
        """Bring the image there, then point the tags at it in their order, each looked at before and afterwards.

        A repository that has the root's digest has all of it: registries take a manifest only with what it needs. A
        tag that has the digest stays untouched, so a second push writes nothing. Raises IntegrityError if one of the
        `immutable` tags has another digest, before anything is sent, and if the layout isn't what its digests say,
        before any tag is touched; HttpError, after its retries.
        """
        count, blobs = _Count(), blobs_of(self.layout, self.root)
        root = Content(self.root, self.layout.read(self.root))
        present = self.repository.resolve(str(self.root.digest))
        moves = look(self.repository, self.root.digest, tags, immutable)
        if present:
            count.how["present"] = len(blobs)
        else:
            self._bring(blobs, count)
            self._put_manifests()
            # Sending takes its time, and another job may have given these meanwhile.
            look(self.repository, self.root.digest, [m.tag for m in moves if m.tag in immutable], immutable)
        self.holdings.add(self.repository, blobs)
        moved = point(self.repository, root, moves)
        unchanged = tuple(tag for tag in tags if tag not in moved)
        return Outcome(**count.how, bytes=count.bytes, moved=moved, unchanged=unchanged)

    def _bring(self, blobs: Sequence[Descriptor], count: _Count) -> None:
        title = f"push to {self.repository.host.name}/{self.repository.path}"
        with self.progress.task(title, sum(blob.size for blob in blobs)) as task:

            def bring(descriptor: Descriptor) -> None:
                blob = LayoutBlob(self.layout, descriptor, task.advance)
                source = self.holdings.source(self.repository, descriptor)
                how = bring_blob(self.repository, blob, mount_from=source)
                if how != "uploaded":
                    task.advance(descriptor.size)
                count.add(how, descriptor.size)

            each(bring, blobs, workers=WORKERS)

    def _put_manifests(self) -> None:
        """Images first, at once; then the indexes over them, children before parents, the root last."""
        manifests: list[Content] = []
        indexes: list[Content] = []
        for node, document in self.layout.walk(self.root):
            (indexes if isinstance(document, Index) else manifests).append(Content(node, self.layout.read(node)))
        each(self.repository.put_manifest, manifests, workers=WORKERS)
        for index in indexes:
            self.repository.put_manifest(index)
        require(self.repository, str(self.root.digest), self.root.digest)
