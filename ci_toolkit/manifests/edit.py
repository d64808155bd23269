"""Edits: spans of a text replaced, every other character kept. For every format the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.manifests.base import Edit


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text with each edit's span replaced; what is asked for twice is done once.

    Raises IntegrityError where two edits want different things of the same characters.
    """
    wanted = sorted({(edit.span.start, edit.span.end, edit.new) for edit in edits})
    pieces: list[str] = []
    done = 0
    for start, end, new in wanted:
        if start < done:
            message = f"two edits want to write the characters at {start}: {text[start:end]!r}"
            raise IntegrityError(message)
        pieces += (text[done:start], new)
        done = end
    return "".join((*pieces, text[done:]))
