"""Logins that are at hand already: had earlier in this run, or kept by `ci-toolkit login`."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.registry.credentials import Credential, Keychain

_WORTH = 300.0
"""Seconds a login must still live to be worth using: a push is rarely longer, and the source may be asked later."""


class KnownLogins:
    """Hands each known login out once, then asks the source: whoever asks again was refused, or it ran out.

    `ended`: logins that stand in the Docker config and are over; where the source knows no other, it says so.
    """

    def __init__(
        self,
        known: Mapping[str, Credential],
        source: Keychain,
        *,
        ended: Mapping[str, float] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`ended`: Unix times by host."""
        self._known, self._source, self._now = dict(known), source, now
        self._ended = ended or {}
        self._lock = threading.Lock()

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`; raises UsageError for a login that has ended and can't be had anew."""
        with self._lock:
            known = self._known.pop(host, None)
        if known and is_good(known, self._now()):
            return known
        found = self._source.resolve(host)
        ended = self._ended.get(host)
        if found and ended is not None and found.expires_at is None:
            message = f"the login for {host} that `ci-toolkit login` made has ended {_ago(self._now() - ended)} ago"
            raise UsageError(message, hint="run `ci-toolkit login` again, where the job's identity is at hand")
        return found


def is_good(credential: Credential, now: float) -> bool:
    """True if the login will live for a while."""
    return credential.expires_at is None or credential.expires_at - now > _WORTH


def _ago(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
