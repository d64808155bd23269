"""Untrusted text made harmless: titles, package names, versions and paths come from databases and images."""

from __future__ import annotations

import re

from ci_toolkit.model.text import neutralise

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_ESCAPED = _HTML | {character: f"\\{character}" for character in "\\`*_{}[]()#+!|~$@:-"}


def plain(text: str, limit: int = 300) -> str:
    """One line without control bytes, escape sequences and CI commands, of at most `limit` characters."""
    line = neutralise(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def markdown(text: str, limit: int = 300) -> str:
    """`plain`, with everything escaped that means something in Markdown or HTML (CommonMark, 2.4 and 2.5)."""
    return "".join(_ESCAPED.get(character, character) for character in plain(text, limit))


def web_address(text: str) -> str:
    """The text if it is an https or http address of plain characters, else nothing: never `javascript:`."""
    return text if re.fullmatch(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/%?=&+#:@,;-]*)?", text) else ""
