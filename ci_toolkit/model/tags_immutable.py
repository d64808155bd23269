"""Immutable tags: which tags an entry of `immutable-tags` holds, and whether it ever can. Pure.

An entry is a glob (`sha-*`), a tag template (`{version}`), or both (`{version.major}.*`).
"""

from __future__ import annotations

import re
import string
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError
from ci_toolkit.model import tags_template
from ci_toolkit.model.tags_reading import SkipRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_GLOB = re.compile(r"(?:[a-zA-Z0-9._*?-]|\[[!?[a-zA-Z0-9._-]+\])+")
_PARTS = re.compile(r"\{[^{}]*\}|\[[^\]]*\]|.", re.DOTALL)
_ANY = frozenset(string.ascii_letters + string.digits + "._-")
_DIGITS = frozenset(string.digits)
_NUMERIC = re.compile(r"(?:[^%]|%-?[YmdHMSyjGVUuWwIs])*")

Letters = tuple[frozenset[str], bool]
"""Which characters may stand in one place, and whether any number of them may."""


def check_immutable(entry: str) -> None:
    """Raise UsageError for an entry that no tag could match."""
    tags_template.check_fields(entry)
    if not _GLOB.fullmatch(tags_template.FIELD.sub("x", entry)):
        message = f"{entry[:140]!r} matches no tag"
        raise UsageError(message, hint="write a glob such as sha-*, or a tag template such as {version}")
    if tags_template.highest_group(entry) is not None:
        message = f"{entry[:140]!r}: {{match}} means something in the rule alone that has the pattern"
        raise UsageError(message, hint="write a glob, such as backend-*")


def holds(entry: str, tag: str, value: Callable[[str, str], str]) -> bool:
    """Whether an entry, its fields filled in with `value`, holds a tag; not where a field can't be filled in."""
    try:
        glob = tags_template.filled(entry, lambda name, argument: tags_template.replaced(value(name, argument)))
    except SkipRule:
        return False
    return fnmatchcase(tag, glob) or tag == glob[: tags_template.LONGEST]


def never_matching(entries: Sequence[str], templates: Sequence[str]) -> tuple[str, ...]:
    """The entries that hold no tag which one of these templates could give, whatever the run: typing errors."""
    possible = [_letters(template, is_glob=False) for template in templates]
    return tuple(entry for entry in entries if not any(_meet(_letters(entry, is_glob=True), p) for p in possible))


def _letters(text: str, *, is_glob: bool) -> list[Letters]:
    if not is_glob:
        text = "".join(
            part if part.startswith("{") else tags_template.replaced(part) for part in re.split(r"(\{[^{}]*\})", text)
        ).lstrip(".-")
    return [letters for part in _PARTS.findall(text) for letters in _part(part, is_glob=is_glob)]


def _part(part: str, *, is_glob: bool) -> Iterator[Letters]:
    field = tags_template.FIELD.fullmatch(part)
    if field:
        yield from _field(field["name"], field["argument"] or "")
    elif is_glob and part == "*":
        yield _ANY, True
    elif is_glob and (part == "?" or len(part) > 1):
        yield frozenset(letter for letter in _ANY if fnmatchcase(letter, part)), False
    else:
        yield frozenset(part), False


def _field(name: str, argument: str) -> Iterator[Letters]:
    if name == "sha":
        yield frozenset("0123456789abcdef"), True
    elif name in ("pr", "version.major", "version.minor", "version.patch"):
        yield _DIGITS, True
    elif name == "version":
        yield _DIGITS, False
        yield _ANY, True
    elif name in tags_template.DATES and _NUMERIC.fullmatch(argument):
        yield _DIGITS | frozenset(tags_template.replaced(tags_template.DIRECTIVE.sub("", argument))), True
    else:
        yield _ANY, True


def _meet(left: Sequence[Letters], right: Sequence[Letters]) -> bool:
    """Whether some text fits both."""
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        i, j = waiting.pop()
        if (i, j) == (len(left), len(right)):
            return True
        for following in _further(left, right, i, j):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def _further(left: Sequence[Letters], right: Sequence[Letters], i: int, j: int) -> Iterator[tuple[int, int]]:
    if i < len(left) and left[i][1]:
        yield i + 1, j
    if j < len(right) and right[j][1]:
        yield i, j + 1
    if i < len(left) and j < len(right) and left[i][0] & right[j][0]:
        yield i + (not left[i][1]), j + (not right[j][1])
