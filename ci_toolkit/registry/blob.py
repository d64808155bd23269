"""A blob on its way out: read from a layout, hashed as it goes, never sent whole if it isn't what it claims."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.oci import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.oci import Descriptor

_CHUNK = 256 * 1024
"""Fits the processor's cache between hashing and sending, which 1 MiB doesn't."""


def blobs_of(layout: Layout, root: Descriptor) -> tuple[Descriptor, ...]:
    """Every blob below `root` once, the largest first: so that threads which share them end together."""
    blobs: dict[Digest, Descriptor] = {}
    for _, document in layout.walk(root):
        blobs.update({blob.digest: blob for blob in document.blobs} if isinstance(document, Manifest) else {})
    return tuple(sorted(blobs.values(), key=lambda blob: -blob.size))


class Blob(Protocol):
    """A blob as a request body: each iteration starts anew, and ends before the last byte if the bytes are wrong."""

    descriptor: Descriptor

    def __len__(self) -> int:
        """The size its descriptor states, in bytes."""

    def __iter__(self) -> Iterator[bytes]:
        """The bytes from the start; raises IntegrityError, HttpError."""

    def ready(self) -> AbstractContextManager[object]:
        """Make sure that it can be read, before anybody is told that it comes."""


class LayoutBlob:
    """A blob of a layout as a request body. Iterating raises IntegrityError before the last byte if it changed.

    `sent` hears how many bytes were handed on; a negative number takes those of a broken attempt back.
    """

    def __init__(self, layout: Layout, descriptor: Descriptor, sent: Callable[[int], None] = lambda _: None) -> None:
        self.layout, self.descriptor = layout, descriptor
        self._sent, self._handed_on = sent, 0

    def __len__(self) -> int:
        """The size its descriptor states, in bytes."""
        return self.descriptor.size

    def __iter__(self) -> Iterator[bytes]:
        """The bytes from the start, in chunks of 256 KiB."""
        self._count(-self._handed_on)
        with self.reading() as stream:
            for chunk in self._verified(stream):
                yield chunk
                self._count(len(chunk))

    def ready(self) -> AbstractContextManager[object]:
        """A file needs nothing."""
        return nullcontext()

    def verify(self) -> None:
        """Read it through; raises IntegrityError."""
        with self.reading() as stream:
            for _ in self._verified(stream):
                pass

    def part(self, offset: int, length: int) -> BlobPart:
        """Some of it, as a request body of its own; not hashed."""
        return BlobPart(self, offset, length)

    def _count(self, number: int) -> None:
        self._handed_on += number
        self._sent(number)

    def _verified(self, stream: BinaryIO) -> Iterator[bytes]:
        sha256, left = hashlib.sha256(), self.descriptor.size
        while left > 0:
            chunk = stream.read(min(_CHUNK, left))
            sha256.update(chunk)
            left -= len(chunk)
            whole = left > 0 or (not stream.read(1) and sha256.hexdigest() == self.descriptor.digest.hex)
            if not chunk or not whole:
                why = "has another size or hash than its manifest says"
                raise self._changed(why)
            yield chunk

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """The open file; what goes wrong with it is an IntegrityError."""
        try:
            stream = self.layout.open(self.descriptor.digest)
        except OSError as error:
            why = f"can't be read: {error.strerror}"
            raise self._changed(why) from error
        with stream:
            yield stream

    def _changed(self, why: str) -> IntegrityError:
        return IntegrityError(
            f"blob {self.descriptor.digest} of {self.layout.path} {why}; nothing was tagged",
            hint="the layout was damaged or changed after the build: build again",
        )


@dataclass(frozen=True, slots=True)
class BlobPart:
    """A range of a blob's bytes, for registries that take uploads in chunks."""

    blob: LayoutBlob
    offset: int
    length: int

    def __len__(self) -> int:
        """Its size in bytes."""
        return self.length

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes; fewer where the file has shrunk, which the registry notices."""
        left = self.length
        with self.blob.reading() as stream:
            stream.seek(self.offset)
            while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk
