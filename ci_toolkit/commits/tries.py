"""Trying again what a remote refused for now: longer from time to time, and never as long as others wait."""

from __future__ import annotations

import random
import time
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from ci_toolkit.commits.refusal import Refusal
from ci_toolkit.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_toolkit.progress import Progress

ATTEMPTS = 10
"""Each refusal of a moved branch is another's commit: ten runs at once all get theirs in."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_Done = TypeVar("_Done")


def tried(
    attempt: Callable[[], _Done | Refusal],
    where: object,
    progress: Progress,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> _Done:
    """What the first try brings that isn't refused. `where` is the branch; `sleep` is for tests to replace.

    Raises RemoteError after the last one.
    """
    for number in count(1):
        came = attempt()
        if not isinstance(came, Refusal):
            return came
        if number == ATTEMPTS:
            message = f"{where}: none of {ATTEMPTS} tries came through, and nothing is committed; git says:{came.said}"
            raise RemoteError(message, hint=came.hint)
        pause = min(_FIRST_WAIT * 2 ** (number - 1), _LONGEST_WAIT) * random.uniform(0.5, 1.5)  # noqa: S311 no secret
        why = "has moved on" if came.kind == "moved" else "doesn't answer well"
        progress.info(f"{where} {why}; trying again on what it holds then, in {pause:.1f} s")
        progress.debug(f"git said:{came.said}")
        sleep(pause)
    raise AssertionError
