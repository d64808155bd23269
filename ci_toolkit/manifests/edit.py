"""Edits: parts of a text replaced or added, every other character kept. For every format the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.manifests.base import Edit


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text with each edit's characters replaced; what is asked for twice is done once.

    Raises IntegrityError where two edits want different things of the same characters.
    """
    wanted = sorted({(edit.part.start, edit.part.end, edit.text) for edit in edits})
    pieces: list[str] = []
    done = 0
    put = -1
    for start, end, new in wanted:
        if start < done or start == end == put:
            message = f"two edits want to write the characters at {start}: {text[start:end]!r}"
            raise IntegrityError(message)
        pieces += (text[done:start], new)
        done = end
        put = start if start == end else -1
    return "".join((*pieces, text[done:]))
