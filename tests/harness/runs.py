"""Runs in a few words: `push BRANCH`, `tag TAG`, `pr NUMBER`, `schedule BRANCH`, `manual BRANCH`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ci_toolkit.model.context import CiContext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_toolkit.model.context import Event

NOW = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
_COMMITTED = datetime(2026, 6, 30, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
_EVENTS: dict[str, Event] = {
    "push": "push",
    "tag": "tag",
    "pr": "pull_request",
    "schedule": "schedule",
    "manual": "manual",
}


def context_of(run: str, others: Iterable[str] = ()) -> CiContext:
    """The context of a run; `others` are the repository's other git tags."""
    kind, _, name = run.partition(" ")
    tag = name if kind == "tag" else None
    return CiContext(
        event=_EVENTS[kind],
        revision="0123456789abcdef0123456789abcdef01234567",
        committed_at=_COMMITTED,
        branch=name if kind in ("push", "schedule", "manual") else None,
        base_branch="main" if kind == "pr" else None,
        tag=tag,
        tags=(*([tag] if tag else []), *others),
        default_branch="main",
        pull_request=int(name) if kind == "pr" else None,
    )
