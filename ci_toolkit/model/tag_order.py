"""Tags in the order people expect: names first, then versions, the newest last."""

from __future__ import annotations

import re

_VERSION = re.compile(
    r"v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:-([0-9A-Za-z.-]+?))?(?:[+_]([0-9A-Za-z.-]+))?",
    re.ASCII,
)
_DIGITS = re.compile(r"(\d+)")
_PART = tuple[int, int, str]
Key = tuple[int, tuple[int, ...], int, tuple[_PART, ...], str]


def tag_key(tag: str) -> Key:
    """Sorts tags: `latest`, `main-9`, `main-10`, `1.2.0-rc.2`, `1.2.0-rc.10`, `1.2.0`, `1.10.0`.

    A version's pre-release comes before it (semver.org, 11); elsewhere runs of digits count as numbers.
    """
    match = _VERSION.fullmatch(tag)
    if match is None:
        return (0, (), 0, _natural(tag), tag)
    numbers = tuple(int(part) if part else 0 for part in match.group(1, 2, 3, 4))
    pre = match[5]
    return (1, numbers, 0 if pre else 1, _natural(pre or ""), tag)


def _natural(text: str) -> tuple[_PART, ...]:
    """Runs of digits as numbers, which come before letters."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in _DIGITS.split(text) if part)
