"""Trivy's guess at the base image: what it takes for the base's, it searches for no secret and checks not at all.

It goes by the history alone: the base ends at the last CMD that a layer follows. An instruction planted in front of
another would hide all that came before.

Source: Trivy 0.76, `pkg/fanal/image/image.go` (`GuessBaseImageIndex`), and `pkg/fanal/artifact/image/image.go`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.provenance import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CMD = ("CMD", "/bin/sh -c #(nop)  CMD")


def names_base(history: Sequence[Entry]) -> bool:
    """True where Trivy takes the start of this history, oldest first, for a base image's."""
    makers = [index for index, entry in enumerate(history) if not entry.is_empty]
    return bool(makers) and any(
        entry.is_empty and entry.created_by.startswith(_CMD) for entry in history[: makers[-1]]
    )


def without_base(config: bytes) -> bytes:
    """An image's config in which nothing reads as a base's end: where something did, a blank more before each CMD."""
    try:
        document = json.loads(config)
    except (ValueError, RecursionError):
        return config
    history = document.get("history") if isinstance(document, dict) else None
    steps = [step for step in history if isinstance(step, dict)] if isinstance(history, list) else []
    if not names_base([Entry(_created_by(step), "", step.get("empty_layer") is True) for step in steps]):
        return config
    for step in steps:
        if _created_by(step).startswith(_CMD):
            step["created_by"] = step["created_by"].replace("CMD", " CMD", 1)
    return json.dumps(document).encode()


def _created_by(step: Mapping[str, Any]) -> str:
    text = step.get("created_by")
    return text if isinstance(text, str) else ""
