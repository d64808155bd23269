"""Untrusted text made harmless: titles, package names, versions and paths come from databases and images."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from ci_toolkit.model.text import neutralise

WIDE = 240
"""Columns of a table in a log, so that no digest is broken."""
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_ESCAPED = str.maketrans(_HTML | {character: f"\\{character}" for character in "\\`*_{}[]()#+!|~$@:-"})
_LINKED = re.compile(r"\\@(?=[\w\\])|\\#(?=\d)|\bGH\\-(?=\d)|\bwww(?=\.)", re.IGNORECASE)
"""What GitHub links or pings although it is escaped, because it looks at the text that is shown."""
_NUMBER = re.compile(r"^(\d+)\.(?=\s|$)")
"""What begins an ordered list."""
_BACKTICKS = re.compile("`+")


def plain(text: str, limit: int = 300) -> str:
    """One line without control bytes, escape sequences and CI commands, of at most `limit` characters."""
    line = neutralise(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


@lru_cache(4096)  # What a report says of one finding, its package, version and severity, it says of many.
def markdown(text: str, limit: int = 300) -> str:
    """`plain`, with everything escaped that means something in Markdown or HTML (CommonMark, 2.4 and 2.5).

    Nobody is pinged by an `@name` in it, no `#1` and no `www.` is linked: a space without width stands in between.
    """
    return _escaped(plain(text, limit))


def code(text: str, limit: int = 300) -> str:
    """`plain` as a code span, in which nothing acts; empty for empty text (CommonMark, 6.1)."""
    return _span(plain(text, limit))


def prose(text: str, limit: int = 1000) -> str:
    """`markdown` of a message of ours: what stands in it between backticks is a code span."""
    *pairs, last = re.split(r"(?<!`)`([^`]+)`(?!`)", plain(text, limit))
    spoken = "".join(_span(part) if number % 2 else _escaped(part) for number, part in enumerate(pairs))
    return spoken + _escaped(last)


def _escaped(line: str) -> str:
    unnumbered = _NUMBER.sub(r"\1\.", line.translate(_ESCAPED))
    return _LINKED.sub("\\g<0>\u200b", unnumbered)


def _span(line: str) -> str:
    """A `|` is shown as `¦`: no escape of it is safe in every reader's tables."""
    inner = line.replace("|", "¦")
    if not inner.strip():
        return inner
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(inner)), default=0))
    space = " " if "`" in (inner[0], inner[-1]) else ""
    return f"{fence}{space}{inner}{space}{fence}"


def minute(moment: str) -> str:
    """An ISO 8601 time as people read it, in UTC and without seconds; any other text as it is."""
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if time.tzinfo else moment


def web_address(text: str) -> str:
    """The text if it is an https or http address of plain characters, else nothing: never `javascript:`."""
    return text if re.fullmatch(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/%?=&+#:@,;-]*)?", text) else ""


def link(text: str, address: str) -> str:
    """`text`, which is Markdown already, as a link; as it is where the address is none."""
    target = web_address(address)
    return f"[{text}]({target})" if target else text
