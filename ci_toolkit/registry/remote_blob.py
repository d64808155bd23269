"""A blob on its way from one repository to another: hashed as it goes, never sent whole if it isn't what it claims."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import IntegrityError
from ci_toolkit.registry.client import DAMAGED, MARGIN
from ci_toolkit.registry.pointing import where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.transport import Incoming


class RemoteBlob:
    """A blob of a repository as a request body, read anew for each iteration; nothing of it is kept.

    `sent` hears how many bytes were handed on; a negative number takes those of a broken attempt back.
    """

    def __init__(
        self, repository: RepositoryClient, descriptor: Descriptor, sent: Callable[[int], None] = lambda _: None
    ) -> None:
        self._repository, self.descriptor = repository, descriptor
        self._sent, self._handed_on = sent, 0
        self._opened: Incoming | None = None

    def __len__(self) -> int:
        """The size its descriptor states, in bytes."""
        return self.descriptor.size

    def __iter__(self) -> Iterator[bytes]:
        """The bytes from the start, as they arrive; raises IntegrityError before the last ones if they are wrong."""
        self._count(-self._handed_on)
        with ExitStack() as stack:
            incoming, self._opened = self._opened or self._open(stack), None
            for chunk in self._verified(incoming):
                yield chunk
                self._count(len(chunk))

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Begin to read, as often as patience allows; the first iteration inside the block goes on from there.

        A source that has lost the blob, or wants us to wait, shows here: no upload was begun yet.
        """
        with ExitStack() as stack:
            try:
                self._opened = self._repository.host.persist(lambda: self._open(stack))
            except HttpError as error:
                error.temporary = False  # the source had its tries: the destination's don't bring it back
                raise
            try:
                yield
            finally:
                self._opened = None

    def _open(self, stack: ExitStack) -> Incoming:
        path = f"/v2/{self._repository.path}/blobs/{self.descriptor.digest}"
        opened = self._repository.host.open(
            "GET", path, self._repository.scopes, size=self.descriptor.size, allow=(200, 404)
        )
        incoming = stack.enter_context(opened)
        if incoming.status == 404:
            message = f"{where(self._repository)} lacks blob {self.descriptor.digest}, which the image needs"
            raise HttpError(message, hint="the source image is incomplete: push it anew", status=404)
        return incoming

    def _count(self, number: int) -> None:
        self._handed_on += number
        self._sent(number)

    def _verified(self, incoming: Incoming) -> Iterator[bytes]:
        sha256, left = hashlib.sha256(), self.descriptor.size
        held = b""
        for chunk in incoming.chunks(self.descriptor.size + MARGIN):
            left -= len(chunk)
            if left < 0:
                raise self._wrong()
            sha256.update(chunk)
            if held:
                yield held
            held = chunk
        if left or sha256.hexdigest() != self.descriptor.digest.hex:
            raise self._wrong()
        if held:
            yield held

    def _wrong(self) -> IntegrityError:
        message = f"blob {self.descriptor.digest} of {where(self._repository)} arrives with another size or hash"
        return IntegrityError(f"{message}; nothing was tagged", hint=DAMAGED)


def read_blob(repository: RepositoryClient, descriptor: Descriptor, *, limit: int) -> bytes:
    """A small blob whole; raises IntegrityError, also for one that claims more than `limit` bytes, and HttpError."""
    if descriptor.size > limit:
        message = f"blob {descriptor.digest} claims {descriptor.size} bytes, more than {limit} allowed for its kind"
        raise IntegrityError(message)
    return repository.host.persist(lambda: b"".join(RemoteBlob(repository, descriptor)))
