"""What a 401 asks for: the WWW-Authenticate header (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART = re.compile(rf'[\s,]*(?P<name>{_WORD})(?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,"]+)))?')
_LONGEST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in: the scheme in lower case, its parameters with lower-case names."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Every challenge of a header, in order; what is no challenge ends the reading."""
    found: list[tuple[str, dict[str, str]]] = []
    position, text = 0, header[:_LONGEST]
    while part := _PART.match(text, position):
        position = part.end()
        name = part["name"].lower()
        if part["quoted"] is None and part["bare"] is None:
            found.append((name, {}))
        elif found:
            value = part["bare"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
            found[-1][1].setdefault(name, value)
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)
