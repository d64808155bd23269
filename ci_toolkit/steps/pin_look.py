"""Looking into many files at once: what each holds of the images, in as many processes as there are cores."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError, UsageError
from ci_toolkit.fork import cores, in_shares
from ci_toolkit.manifests.finding import BOM, UnreadableManifestError, decoded, find
from ci_toolkit.manifests.pinning import LARGEST, pin
from ci_toolkit.manifests.wanted import OTHER, may_hold
from ci_toolkit.model.pins import PinPlace, SeenImage, SkippedPlace, UnreadFile
from ci_toolkit.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.pinning import Pinned, Place, Target
    from ci_toolkit.workspace import Snapshot, Workspace

_WORTH_A_FORK = 400
"""Files; fewer are read in the time that another process takes to begin and to tell."""
_CHUNK = 16
"""Files that go to one process together: neighbours are alike."""
_MARKED = "a comment says which image it is"


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What came of one file."""

    name: str
    before: Snapshot | None = None
    """Only where the file would change; then `new` is what it would be."""
    new: bytes = b""
    places: tuple[PinPlace, ...] = ()
    images: tuple[SeenImage, ...] = ()
    skipped: tuple[SkippedPlace, ...] = ()
    unread: UnreadFile | None = None
    error: ConfigError | UsageError | None = None
    """Why the file can't be read, or an image in it not be pinned."""


def pinned_files(
    workspace: Workspace, names: Sequence[str], targets: Sequence[Target], *, named: Collection[str]
) -> list[Look]:
    """The files that hold a target or something that may mean one, and those that can't be read.

    `named`: files that are read whatever they hold, for they have to be readable.
    """
    return _spread(partial(_pinned, targets, named), workspace, names)


def images(
    workspace: Workspace, names: Sequence[str], *, targets: Sequence[Target] = (), named: Collection[str] = ()
) -> list[Look]:
    """The images of the files, or of those that may hold a target, and what can't be read; `named` as above."""
    return _spread(partial(_images, targets, named), workspace, names)


def _spread(work: Callable[[str, Snapshot], Look | None], workspace: Workspace, names: Sequence[str]) -> list[Look]:
    """`work` on every file; the looks in the names' order."""
    processes = cores() if len(names) >= _WORTH_A_FORK else 1
    chunks = [names[at : at + _CHUNK] for at in range(0, len(names), _CHUNK)]
    shares = [[name for chunk in chunks[first::processes] for name in chunk] for first in range(processes)]

    def look_at(name: str, read: Snapshot | UsageError) -> Look | None:
        try:
            return _failed(name, read) if isinstance(read, UsageError) else work(name, read)
        except ConfigError as error:
            return _failed(name, error)

    def all_of(share: Sequence[str]) -> list[Look]:
        return [look for each in workspace.read_each(share, limit=LARGEST) if (look := look_at(*each)) is not None]

    gc.freeze()  # What was imported is no garbage, and a look at it would copy its memory in every fork.
    looks = {look.name: look for part in in_shares(all_of, shares) for look in part}
    return [looks[name] for name in names if name in looks]


def _pinned(targets: Sequence[Target], named: Collection[str], name: str, before: Snapshot) -> Look | None:
    if name not in named and not may_hold(before.data, targets):
        return None
    result = pin(before.data, name, targets)
    changed = result.new != result.old
    return Look(
        name=name,
        before=before if changed else None,
        new=result.new if changed else b"",
        places=tuple(place_of(name, place, place.old) for place in result.places),
        skipped=tuple(skipped_of(name, result)),
    )


def place_of(file: str, place: Place, old: str) -> PinPlace:
    """A place as it is told; `old`: what stood there at first."""
    return PinPlace(
        file=file,
        line=place.line,
        column=place.column,
        document=place.document,
        path=place.path,
        old=old,
        new=place.new,
    )


def skipped_of(file: str, result: Pinned) -> Iterator[SkippedPlace]:
    """What may mean one of the images and was left alone."""
    for seen in result.seen:
        if seen.reason != OTHER:
            yield SkippedPlace(file=file, line=seen.line, column=seen.column, value=seen.value, reason=seen.reason)


def _images(targets: Sequence[Target], named: Collection[str], name: str, read: Snapshot) -> Look | None:
    if targets and name not in named and not may_hold(read.data, targets):
        return None
    _, spans = find(decoded(read.data, name).removeprefix(BOM), name)
    if not spans:
        return None
    told = list(_told(name, spans))
    return Look(
        name=name,
        images=tuple(each for each in told if isinstance(each, SeenImage)),
        skipped=tuple(each for each in told if isinstance(each, SkippedPlace)),
    )


def _told(name: str, spans: Sequence[ImageSpan]) -> Iterator[SeenImage | SkippedPlace]:
    for span in spans:
        line, column, value = span.place.line, span.place.column, span.value
        reason = span.skipped or (_MARKED if span.marked else "")
        try:
            if not reason:
                reference = Reference.parse(value)
                yield SeenImage(file=name, line=line, column=column, value=value, reference=reference)
                continue
        except UsageError as error:
            reason = error.message
        yield SkippedPlace(file=name, line=line, column=column, value=value, reason=reason)


def _failed(name: str, error: ConfigError | UsageError) -> Look:
    """Why, and where from a violation `file:line:column: reason`."""
    if isinstance(error, UnreadableManifestError):
        line, column, reason = error.violations[0].removeprefix(f"{name}:").split(":", 2)
        unread = UnreadFile(file=name, line=int(line), column=int(column), reason=reason.strip())
        return Look(name=name, unread=unread, error=error)
    if isinstance(error, UsageError):
        return Look(
            name=name, unread=UnreadFile(file=name, reason=error.message.removeprefix(f"{name} ")), error=error
        )
    return Look(name=name, error=error)
