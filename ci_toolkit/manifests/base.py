"""What every manifest format gives: the places that name an image, and the characters that say which."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Holds = Literal["reference", "tag", "digest", "tag-and-digest", "comment"]
"""What characters say of an image; `tag-and-digest`: `1.2@sha256:…`, for want of a key of its own for the digest."""
_NO_TEXT = re.compile(
    r"@.*|~|null|true|false|yes|no|on|off|y|n|\d{4}-\d\d?-\d\d?"
    r"|[-+]?(?:\.?\d[\d_]*(?:\.[\d_]*)?(?:e[-+]?\d+)?|0x[\da-f_]+|0o[0-7_]+|0b[01_]+|\d[\d_]*(?::[0-5]?\d)+|\.inf)|\.nan",
    re.IGNORECASE,
)
"""Plain scalars that YAML 1.1 or 1.2 takes for something else than text, or for nothing."""


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
class Part:
    """Characters that say a part of a reference, or where they would be put: then `start` is `end`.

    Several places can share their characters: YAML aliases. `start` and `end` count code points.
    """

    holds: Holds
    start: int
    end: int
    value: str = ""
    """As the format reads it: without quotes, escapes resolved."""
    plain: bool = False
    """It is a YAML scalar without quotes, all of it: what wouldn't be text gets some."""
    template: str = "{}"
    """What is put there, with `{}` for the value."""
    adds: str = ""
    """The key that is put there with it."""
    shared: tuple[Place, ...] = ()
    """Places that share this part and are no images: an edit of it would change them, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSpan:
    """One place that names an image, in one part or in several."""

    value: str
    """The whole reference."""
    parts: tuple[Part, ...]
    """What is written to pin it, in the text's order."""
    place: Place
    skipped: str = ""
    """Why it is no reference that anyone could pin; empty where it may be one."""
    refused: str = ""
    """Why the image can't be pinned here: an error, if it is one to be pinned."""
    tagless: str = ""
    """The same, unless the image to be pinned has a tag: what stands here has none, and needs one."""
    marked: str = ""
    """The image that a comment says this is: a name, or a repository."""
    shared: tuple[Place, ...] = ()
    """Places that share the characters and are no images: an edit would change them, too."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The new value of a part."""

    part: Part
    new: str

    @property
    def text(self) -> str:
        """The characters that are written."""
        quoted = self.part.plain and _NO_TEXT.fullmatch(self.new) is not None
        return self.part.template.replace("{}", f'"{self.new}"' if quoted else self.new)


@dataclass(frozen=True, kw_only=True, slots=True)
class FormatDescription:
    """What the documentation says of a format, in Markdown."""

    name: str
    files: str
    """Which files are of this format."""
    places: tuple[str, ...]
    """Where they name images."""
    writes: str
    """What is written there, if it isn't a whole reference."""


class ManifestFormat(Protocol):
    """One kind of file. Stateless: text in, spans out; `verify` judges what `edit.apply` made of them."""

    name: ClassVar[str]

    def takes(self, name: str, text: str) -> bool:
        """True for a file of this kind, by its name (with `/`) and what it holds; raises UnreadableError."""

    def find(self, text: str) -> Iterator[ImageSpan]:
        """Every place that names an image, in the text's order; raises UnreadableError."""

    def verify(self, before: str, after: str, edits: Sequence[Edit]) -> None:
        """Raise IntegrityError unless both texts mean the same but for the edits."""
