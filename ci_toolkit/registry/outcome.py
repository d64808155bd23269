"""What a push came to, wherever it went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Blobs by how they got there, bytes sent, tags by whether they had to be moved."""

    uploaded: int = 0
    mounted: int = 0
    present: int = 0
    bytes: int = 0
    moved: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
