"""Where a manifest says an image, in a config's words: `spec.image`, `containers[*].image`, `jobs.*.image`."""

from __future__ import annotations

import re
from enum import Enum

from ci_toolkit.errors import UsageError

_PLAIN = re.compile(r"[^\s.\[\]*'\"]+")
_PART = re.compile(
    rf"(?P<dot>\.?)(?:(?P<keys>\*)|'(?P<quoted>(?:[^']|'')+)'|(?P<plain>{_PLAIN.pattern}))|(?P<items>\[\*\])"
)
_MOST = 64
"""Parts of a path."""
_HINT = "write keys with dots between, `*` for every key, `[*]` for every item, quotes around a key with other signs"


class Every(Enum):
    """What stands for more than one key."""

    KEY = "*"
    ITEM = "[*]"


FieldPath = tuple[str | Every, ...]
"""The keys on the way from a document's root."""


def shown_field_path(path: FieldPath) -> str:
    """The path as people write it."""
    text = ""
    for part in path:
        if part is Every.ITEM:
            text += part.value
            continue
        plain = part is Every.KEY or _PLAIN.fullmatch(part) is not None
        word = part.value if isinstance(part, Every) else part
        quoted = word.replace("'", "''")
        text += ("." if text else "") + (word if plain else f"'{quoted}'")
    return text


def parse_field_path(text: str) -> FieldPath:
    """The path that a text says; raises UsageError."""
    parts: list[str | Every] = []
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or len(parts) == _MOST or (part["items"] is None and bool(part["dot"]) != bool(parts)):
            break
        if part["items"]:
            parts.append(Every.ITEM)
        elif part["keys"]:
            parts.append(Every.KEY)
        else:
            parts.append(part["plain"] or part["quoted"].replace("''", "'"))
        at = part.end()
    if at < len(text) or not parts:
        message = f"{text[:100]!r} is no path: {text[at : at + 20]!r} can't stand there" if text else "a path is empty"
        raise UsageError(message, hint=_HINT)
    return tuple(parts)
