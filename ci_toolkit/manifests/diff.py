"""What changed, as people read it."""

from __future__ import annotations

import difflib


def unified_diff(name: str, old: bytes, new: bytes) -> str:
    """The change of one file as a unified diff, line ends shown as they are; empty where nothing changed."""
    lines = difflib.unified_diff(_lines(old), _lines(new), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(data: bytes) -> list[str]:
    """Lines with their ends: split at line feeds alone, so that a carriage return stays in its line."""
    *whole, last = data.decode("utf-8", "replace").split("\n")
    return [*(f"{line}\n" for line in whole), *([last] if last else [])]
