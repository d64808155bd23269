"""The word that somebody meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 60


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that this one is most likely meant to be, or None."""
    if len(word) > _LONGEST:
        return None
    from difflib import get_close_matches

    folded = {name.lower().replace("_", "-"): name for name in known}
    matches = get_close_matches(word.lower().replace("_", "-"), folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None
