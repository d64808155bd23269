"""From a YAML scalar to the characters of the reference in it: inside of quotes, below a block's header."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ci_toolkit.manifests.tree import Scalar

_PROPERTIES = re.compile(r"(?:[&!]\S*|#[^\n]*|\s+)*")
_DEFAULT = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*:?[-=](?P<default>[^${}]*)\}")
"""The shell's `${NAME:-default}`, which envsubst's successors and Flux (`postBuild`) understand, too."""
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")


class Located(NamedTuple):
    """The characters of a reference, or why there is none."""

    start: int
    end: int
    value: str
    skipped: str = ""


def locate(text: str, scalar: Scalar) -> Located | None:
    """Where the reference of this scalar stands in the text; None where it is empty."""
    value = scalar.value.strip()
    if not value:
        return None
    start, end = _content(text, scalar)
    found = text.find(value, start, end)
    if found >= 0:
        start, end = found, found + len(value)
    elif scalar.style != '"':
        return Located(start, end, value, "it is spread over several lines")
    if scalar.tag not in _TEXT_TAGS:
        return Located(start, end, value, f"its tag {scalar.tag} gives it another meaning")
    default = _DEFAULT.fullmatch(value)
    if default and default["default"] and found >= 0:
        start, end = found + default.start("default"), found + default.end("default")
        value = default["default"]
    return Located(start, end, value, no_reference(value))


def _content(text: str, scalar: Scalar) -> tuple[int, int]:
    """Where the content of a scalar may stand: behind its anchor, its tag and its block header."""
    if not scalar.style:
        return (max(scalar.start, scalar.end - len(scalar.value)), scalar.end)
    properties = _PROPERTIES.match(text, scalar.start, scalar.end)
    opening = properties.end() if properties else scalar.start
    if scalar.style in "|>":
        header_end = text.find("\n", opening, scalar.end)
        return (header_end if header_end >= 0 else scalar.end), scalar.end
    return opening + 1, scalar.end - 1


def no_reference(value: str) -> str:
    """Why a text is no reference that anyone could pin; empty where it may be one."""
    if "{{" in value:
        return "it is a template"
    if value.startswith("ko://"):
        return "ko builds it"
    if "$" in value:
        return "it holds a variable"
    return ""
