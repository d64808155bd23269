"""Trying again: how often, how long to wait, and leaving a host alone when it asks for that."""

from __future__ import annotations

import math
import random
import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from ci_toolkit.answers import HttpError
from ci_toolkit.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_toolkit.progress import Progress

T = TypeVar("T")
_SAYS_WAIT = frozenset({429, 503})


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to keep trying. Times in seconds; `sleep`, `clock` and `now` (Unix time) are for tests to replace."""

    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 60.0
    """No Retry-After makes anyone wait longer than this."""
    total: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


class Retries:
    """Runs whole operations until they succeed, one gate per host: what one thread is told, all keep to.

    Only operations that are safe to repeat belong in here; only HttpErrors that are `temporary` are repeated.
    """

    def __init__(self, patience: Patience | None = None, progress: Progress | None = None) -> None:
        self._patience = patience or Patience()
        self._progress = progress or Silent()
        self._closed_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def run(self, host: str, operation: Callable[[], T]) -> T:
        """The operation's result; raises its last error when patience is at its end."""
        patience, attempt = self._patience, 1
        end = patience.clock() + patience.total
        while True:
            self._wait_at_gate(host)
            try:
                return operation()
            except HttpError as error:
                pause = self._pause(error, attempt)
                if error.status in _SAYS_WAIT:
                    self._close_gate(host, pause)
                if not error.temporary or attempt >= patience.attempts or patience.clock() + pause > end:
                    raise
                self._progress.info(f"{error.message}; trying again in {pause:.1f} s")
                if error.status not in _SAYS_WAIT:
                    patience.sleep(pause)
                attempt += 1

    def _pause(self, error: HttpError, attempt: int) -> float:
        asked = parse_retry_after(error.retry_after, self._patience.now())
        wait = self._patience.first_wait * 2 ** (attempt - 1) if asked is None else asked
        jitter = 1 + random.random() / 4  # noqa: S311 no secret
        return min(wait, self._patience.longest_wait) * jitter

    def _close_gate(self, host: str, seconds: float) -> None:
        with self._lock:
            until = self._patience.clock() + seconds
            self._closed_until[host] = max(until, self._closed_until.get(host, until))

    def _wait_at_gate(self, host: str) -> None:
        with self._lock:
            left = self._closed_until.get(host, 0.0) - self._patience.clock()
        if host in self._closed_until and left > 0:
            self._patience.sleep(left)


def parse_retry_after(value: str, now: float) -> float | None:
    """The seconds a Retry-After asks for: a number or an HTTP date; None for nonsense (ghcr.io has sent `35.852µs`).

    Source: RFC 9110, 10.2.3.
    """
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
