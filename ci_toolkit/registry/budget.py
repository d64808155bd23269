"""What a registry says of its rate limit: how much is left, and what its 429 means.

Sources: docs.docker.com/docker-hub/usage/pulls (`ratelimit-limit: 100;w=21600`); GitLab's and GitHub's limits use the
same names, the latter with `x-` before them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ci_toolkit.retries import parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

_AMOUNT = re.compile(r"\s*(\d{1,12})(?!\d)(?:\s*[;,].*?\bw=(\d{1,9}))?")
_SHORT = 300
"""Seconds; a limit on less than that time is soon full again, and nobody has to hear of it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """`left` of `limit` requests; `window`: in how many seconds, None where the registry doesn't say."""

    limit: int
    left: int
    window: int | None

    @property
    def is_low(self) -> bool:
        """True where a tenth or less is left, and it will be long until there is more."""
        return self.left * 10 <= self.limit and (self.window or 0) >= _SHORT

    def told(self, what: str = "requests") -> str:
        """`94 of 100 pulls left for 6 h`."""
        return f"{self.left} of {self.limit} {what} left" + (f" for {span(self.window)}" if self.window else "")


def budget_of(headers: Mapping[str, str]) -> Budget | None:
    """The budget that an answer's headers (names in lower case) tell of, if they do."""
    for prefix in ("ratelimit", "x-ratelimit"):
        limit = _AMOUNT.match(headers.get(f"{prefix}-limit", ""))
        left = _AMOUNT.match(headers.get(f"{prefix}-remaining", ""))
        if limit and left:
            window = limit[2] or left[2]
            return Budget(int(limit[1]), int(left[1]), int(window) if window else None)
    return None


def asked_to_wait(retry_after: str) -> str:
    """A Retry-After in words: `for 20 min`, `until 2026-01-01 12:00:00 UTC`; empty for nonsense."""
    seconds = parse_retry_after(retry_after, 0.0)
    if seconds is None:
        return ""
    try:
        float(retry_after)
    except ValueError:
        return f"until {parsedate_to_datetime(retry_after):%Y-%m-%d %H:%M:%S} UTC"
    return f"for {span(seconds)}"


def span(seconds: float) -> str:
    """A duration as people say it: `40 s`, `20 min`, `6 h`, `1 h 12 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
