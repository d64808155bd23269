"""A remark at a place of the repository, for CI systems that show such beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "notice"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """A remark. Its words are as untrusted as what they speak of; whoever shows it escapes them."""

    level: Level
    message: str
    title: str = ""
    file: str = ""
    """Relative to the repository's top, with forward slashes; empty where it is about no file."""
    line: int | None = None
    column: int | None = None
