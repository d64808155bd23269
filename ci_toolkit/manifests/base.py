"""What every manifest format gives: the places that name an image, as spans of the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class UnreadableError(Exception):
    """A text that isn't what its format wants; never leaves this package but as a ConfigError. Places count from 1."""

    def __init__(self, line: int, column: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text: line and column in code points from 1, document from 0, path for people."""

    line: int
    column: int
    document: int
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSpan:
    """One place that names an image, and where the characters stand that say which.

    Several places can share their characters: YAML aliases. `start` and `end` count code points.
    """

    start: int
    end: int
    value: str
    """The reference as the format reads it: without quotes, escapes resolved."""
    place: Place
    skipped: str = ""
    """Why it is no reference that anyone could pin; empty where it may be one."""
    shared: tuple[Place, ...] = ()
    """Places that share the characters and are no images: an edit would change them, too."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The new reference of a span."""

    span: ImageSpan
    new: str


class ManifestFormat(Protocol):
    """One kind of file. Stateless: text in, spans out; `verify` judges what `edit.apply` made of them."""

    name: ClassVar[str]

    def takes(self, name: str, text: str) -> bool:
        """True for a file of this kind, by its name (with `/`) and what it holds; raises UnreadableError."""

    def find(self, text: str) -> Iterator[ImageSpan]:
        """Every place that names an image, in the text's order; raises UnreadableError."""

    def verify(self, before: str, after: str, edits: Sequence[Edit]) -> None:
        """Raise IntegrityError unless both texts mean the same but for the edits."""
