"""How long requests may take, and the deadline of the one at hand."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Seconds: to connect, between two bytes, and for a whole request with its answer.

    Large bodies get more than `total`: what they take at `slowest` bytes a second is added.
    """

    connect: float = 10.0
    idle: float = 60.0
    total: float = 120.0
    slowest: float = 64 * 1024


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of one request, `total` seconds after it was made."""

    idle: float
    total: float
    started: float = field(default_factory=time.monotonic)

    def allowance(self) -> float:
        """For how long the next wait may last, in seconds; raises TimeoutError once the time is up."""
        left = self.started + self.total - time.monotonic()
        if left <= 0:
            message = f"not done after {self.total:g} s"
            raise TimeoutError(message)
        return min(self.idle, left)


current: ContextVar[Deadline] = ContextVar("current")
"""The deadline of the request that this thread is making."""
