"""What a destination holds under a tag already: a rebuild with the same platforms keeps that index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.errors import IntegrityError

if TYPE_CHECKING:
    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.client import RepositoryClient

_CHUNK = 1024 * 1024


class PreviousImage(Protocol):
    """An image that was pushed before: the raw bytes of its index or manifest, and a way to the rest."""

    @property
    def descriptor(self) -> Descriptor:
        """What points at it: media type, digest, size."""

    @property
    def data(self) -> bytes:
        """Its raw bytes, verified."""

    def fetch(self, wanted: Descriptor, layout: Layout) -> None:
        """Copy one manifest or blob of it into a layout; what is there already stays.

        Raises IntegrityError if it isn't what its digest says, HttpError where it can't be had.
        """


@dataclass(frozen=True, slots=True)
class PreviousOnRegistry:
    """The `PreviousImage` of a repository on a registry."""

    repository: RepositoryClient
    descriptor: Descriptor
    data: bytes

    def fetch(self, wanted: Descriptor, layout: Layout) -> None:
        """See `PreviousImage.fetch`."""
        if not (wanted.is_manifest or wanted.is_index):
            self.repository.fetch_blob(wanted, layout)
            return
        content = self.repository.content(str(wanted.digest))
        if content is None:
            message = (
                f"{self.repository.host.name}/{self.repository.path} lacks {wanted.digest}, which its index names"
            )
            raise IntegrityError(message, hint="push the image anew under another tag")
        layout.add(content.data)


@dataclass(frozen=True, slots=True)
class PreviousOnDisk:
    """The `PreviousImage` of a registry on disk."""

    store: Layout
    descriptor: Descriptor
    data: bytes

    def fetch(self, wanted: Descriptor, layout: Layout) -> None:
        """See `PreviousImage.fetch`."""
        copy_blob(self.store, wanted, layout)


def copy_blob(source: Layout, blob: Descriptor, target: Layout) -> bool:
    """Copy a blob between layouts, hashed on the way; False if it was there. Raises IntegrityError, ToolError."""
    if target.has(blob):
        return False
    try:
        stream = source.open(blob.digest)
    except OSError as error:
        raise source.unreadable(blob.digest, error) from error
    with stream:
        target.add_stream(iter(lambda: stream.read(_CHUNK), b""), blob)
    return True


def previous_on_registry(repository: RepositoryClient, tag: str) -> PreviousImage | None:
    """What a tag of a repository points at; None where there is no such tag."""
    content = repository.content(tag)
    return PreviousOnRegistry(repository, content.descriptor, content.data) if content else None
