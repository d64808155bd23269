"""What pinning came to, place by place: what is printed, and what `schemas/pin.schema.json` describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ci_toolkit.model.reference import Reference

VERSION = 1
"""Version of `schemas/pin.schema.json`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PinPlace:
    """A place that holds a wanted digest; `old` is `new` where it did before. Lines and columns from 1."""

    file: str
    line: int
    column: int
    document: int
    """From 0, in a file of several documents."""
    path: str
    """The keys that lead there."""
    old: str
    new: str

    def as_json(self) -> dict[str, Any]:
        """The place as it is printed."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenImage:
    """A place that names an image which can be pinned."""

    file: str
    line: int
    column: int
    value: str
    """As it is spelled there."""
    reference: Reference

    @property
    def where(self) -> str:
        """As editors open it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SkippedPlace:
    """A place left alone that may mean an image to be pinned, and why."""

    file: str
    line: int
    column: int
    value: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The place as it is printed."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadFile:
    """A file that was met on the way and can't be read as what its name says; where it fails, if that is known."""

    file: str
    reason: str
    line: int | None = None
    column: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The file as it is printed."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, kw_only=True, slots=True)
class PinReport:
    """Everything of one call, in the order of the files."""

    looked_at: int
    """Files, by their names."""
    places: tuple[PinPlace, ...]
    skipped: tuple[SkippedPlace, ...]
    unreadable: tuple[UnreadFile, ...]
    written: bool
    """False where it is only told what would be written."""

    @property
    def edits(self) -> tuple[PinPlace, ...]:
        """The places that change."""
        return tuple(place for place in self.places if place.old != place.new)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that change."""
        return tuple(dict.fromkeys(place.file for place in self.edits))

    def as_json(self) -> dict[str, Any]:
        """The one JSON document of a call."""
        return {
            "version": VERSION,
            "written": self.written,
            "looked_at": self.looked_at,
            "files": list(self.files),
            "edits": [place.as_json() for place in self.edits],
            "unchanged": [place.as_json() for place in self.places if place.old == place.new],
            "skipped": [place.as_json() for place in self.skipped],
            "unreadable": [file.as_json() for file in self.unreadable],
        }
