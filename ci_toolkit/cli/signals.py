"""SIGINT and SIGTERM end a run the same way: one exception unwinds everything, and cleans up as it goes."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_received: list[int] = []


def install() -> None:
    """Raise KeyboardInterrupt in the main thread at either signal; a second one doesn't disturb the cleaning up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def exit_code() -> int:
    """130 for SIGINT, 143 for SIGTERM."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    _received.append(number)
    if len(_received) == 1:
        raise KeyboardInterrupt
