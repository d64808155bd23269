"""Progress for logs: whole lines on a stream, a sign of life in long doings, nothing that moves a cursor."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ci_toolkit.progress import Task
    from ci_toolkit.redact import Redactor

_SILENCE = 10.0
"""Seconds after which a doing that moves on says how far it is."""


class PlainProgress:
    """Lines on `stream`, each redacted. `quiet` leaves warnings alone; `verbose` adds details."""

    def __init__(
        self,
        stream: TextIO,
        redact: Redactor,
        *,
        quiet: bool = False,
        verbose: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._redact = redact
        self._quiet = quiet
        self._verbose = verbose
        self._clock = clock
        self._lock: AbstractContextManager[object] = threading.Lock()

    def info(self, message: str) -> None:
        """A line, unless quiet."""
        if not self._quiet:
            self._line(message)

    def warn(self, message: str) -> None:
        """A line that is always there."""
        self._line(f"warning: {message}")

    def debug(self, message: str) -> None:
        """A line with `-v`."""
        if self._verbose:
            self._line(message)

    def tool(self, line: str) -> None:
        """A tool's line, set in."""
        if not self._quiet:
            self._line(f"  | {line}")

    @contextmanager
    def task(self, title: str, total: int | None = None, *, unit: str = "B") -> Iterator[Task]:
        """One line at the start, one every 10 s while it moves, one at the end with the time it took."""
        self.info(f"{title} …")
        task = _PlainTask(self, title, total, unit, self._clock)
        yield task
        self.info(f"{title}: done in {self._clock() - task.started:.1f} s{task.amount()}")

    def stage(self, title: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Nothing of its own: the lines tell what they are about."""
        return nullcontext()

    def _line(self, text: str) -> None:
        with self._lock:
            self._stream.write(self._redact(text) + "\n")
            self._stream.flush()


class _PlainTask:
    def __init__(
        self, progress: PlainProgress, title: str, total: int | None, unit: str, clock: Callable[[], float]
    ) -> None:
        self._progress = progress
        self._title = title
        self._total = total
        self._unit = unit
        self._clock = clock
        self._lock = threading.Lock()
        self._done = 0
        self._note = ""
        self.started = self._spoken = clock()

    def advance(self, amount: int) -> None:
        with self._lock:
            self._done += amount
        self._speak()

    def note(self, text: str) -> None:
        self._note = text
        self._speak()

    def amount(self) -> str:
        """What was done, in words, if anything was counted."""
        return f" ({human(self._done, self._unit)})" if self._done else ""

    def _speak(self) -> None:
        with self._lock:
            now = self._clock()
            if now - self._spoken < _SILENCE:
                return
            self._spoken = now
            share = f" {100 * self._done // self._total} %" if self._total else ""
        note = f", {self._note}" if self._note else ""
        self._progress.info(f"{self._title}:{share} after {now - self.started:.0f} s{self.amount()}{note}")


def human(amount: int, unit: str = "B") -> str:
    """An amount as people read it: `12.3 MB`, `4 items`."""
    if unit != "B":
        return f"{amount} {unit.removesuffix('s') if amount == 1 else unit}"
    value = float(amount)
    for prefix in ("", "k", "M"):
        if value < 1000:
            return f"{value:.0f} B" if not prefix else f"{value:.1f} {prefix}B"
        value /= 1000
    return f"{value:.1f} GB"
