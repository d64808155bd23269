"""What is wrong with a config: every violation with its place, gathered to be reported at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ci_toolkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

Path = tuple[str | int, ...]
"""Keys and indexes from the document's root: `("images", "app", "tags", 0)`."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")
_CREDENTIALS = re.compile(r"[^\s/@'\"]+:[^\s@'\"]+@(?!sha256:)")
_HINT = "`ci-toolkit schema` prints every option; docs/configuration.md explains them"
_LONGEST_SHOWN = 60
_ENOUGH = 500
"""Nobody reads more: what has so many is no config."""


class Position(NamedTuple):
    """A place in the file, both counted from 1, columns in characters."""

    line: int
    column: int


class Violation(NamedTuple):
    """One thing that is wrong; they sort by their place."""

    position: Position
    path: str
    message: str

    def text(self, file: str) -> str:
        """`file:line:column: path: message`."""
        path = f"{self.path}: " if self.path else ""
        return f"{file}:{self.position.line}:{self.position.column}: {path}{self.message}"


class Violations:
    """Gathers them; the same message at the same place counts once."""

    def __init__(self) -> None:
        self.found: set[Violation] = set()
        self.spoilt: set[Path] = set()
        """Values that are known to be unusable: neither they nor what lies below is judged again."""

    def add(self, position: Position, path: Path, message: str) -> None:
        """Note one. Credentials inside an address are masked."""
        self.found.add(Violation(position, shown(path), _CREDENTIALS.sub("***@", message)))

    @property
    def are_enough(self) -> bool:
        """True where there are so many that the rest needn't be looked for."""
        return len(self.found) >= _ENOUGH

    def is_spoilt(self, path: Path) -> bool:
        """True where this value, or one above it, is known to be unusable."""
        return any(path[:length] in self.spoilt for length in range(len(path) + 1))

    def raise_if_any(self, file: str, hint: str = _HINT) -> None:
        """Raise ConfigError with all of them, the first 500 at most, in the file's order."""
        if not self.found:
            return
        count = min(len(self.found), _ENOUGH)
        more = "at least " if self.are_enough else ""
        message = f"{more}{count} error{'s' if count > 1 else ''} in {file}"
        raise ConfigError(message, hint=hint, violations=[v.text(file) for v in sorted(self.found)[:count]])


def shown(path: Path) -> str:
    """The path as people write it: `images.app.tags[0]`, `registries["ghcr.io"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{quoted(part)}]"
    return text


def quoted(text: str) -> str:
    """A value in double quotes on one line, cut short, nothing in it that a terminal would obey."""
    short = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    inner = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in short)
    return f'"{inner}"'


def listed(words: Sequence[str], joint: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"
