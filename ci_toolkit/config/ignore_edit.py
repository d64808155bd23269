"""Edits of a file of ignored findings that leave every other byte as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_toolkit.config.nodes import Sequence as SequenceNode
from ci_toolkit.config.parse import parse
from ci_toolkit.config.violations import Violations
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

HEADER = "# Findings that were looked at and accepted: `ci-toolkit triage` lists, adds and prunes them.\n\n"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def appended(text: str, entries: Sequence[str]) -> str:
    """The text with more entries, as `triage_entry.entry` writes them; raises UsageError where none can be added."""
    lines = _LINE.findall(text)
    starts = _starts(text, lines)
    indent = _indent(lines[starts[-1]]) if starts else ""
    new = "".join(f"{indent}{line}" for entry in entries for line in entry.splitlines(keepends=True))
    if lines and not lines[-1].endswith("\n"):
        new = f"\n{new}"
    return text + (new.replace("\n", "\r\n") if "\r\n" in text else new)


def without(text: str, dropped: Collection[int]) -> str:
    """The text without the entries of these indexes; raises UsageError for one that isn't written line by line.

    What was said of an entry goes with it: the comments inside, and those right above, but for the file's first lines.
    """
    lines = _LINE.findall(text)
    starts = _starts(text, lines)
    following = len(lines)
    for index in reversed(range(len(starts))):
        if index in dropped:
            following, end = _extent(lines, starts[index], following)
            del lines[following:end]
        else:
            following = starts[index]
    return "".join(lines)


def _starts(text: str, lines: Sequence[str]) -> list[int]:
    """The index of each entry's first line."""
    tree = parse(text, Violations())
    items = tree.items if isinstance(tree, SequenceNode) else []
    starts = [item.position.line - 1 for item in items]
    by_dashes = all(start < len(lines) and lines[start].lstrip().startswith("- ") for start in starts)
    if len(set(starts)) < len(starts) or not by_dashes or (tree is not None and not items):
        message = "the entries don't stand one below the other, each with a dash"
        raise UsageError(message, hint="write them so; then they can be edited")
    return starts


def _extent(lines: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """From where to where an entry goes that starts in one line, up to where something else begins at the latest."""
    column, last = len(_indent(lines[start])), end == len(lines)
    while end > start + 1 and (_is_blank(lines[end - 1]) or _is_comment(lines[end - 1], up_to=column)):
        end -= 1
    begin = start
    while begin > 0 and _is_comment(lines[begin - 1], up_to=column):
        begin -= 1
    if begin == 0:
        begin = start
    if begin == 0 or _is_blank(lines[begin - 1]):
        while end < len(lines) and _is_blank(lines[end]):
            end += 1
    while last and end == len(lines) and begin > 0 and _is_blank(lines[begin - 1]):
        begin -= 1
    return begin, end


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _is_blank(line: str) -> bool:
    return not line.strip()


def _is_comment(line: str, *, up_to: int) -> bool:
    return line.lstrip().startswith("#") and len(_indent(line)) <= up_to
