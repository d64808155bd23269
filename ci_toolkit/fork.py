"""Work shared with copies of this process: Python uses one core a process, and a fork is the cheapest second one."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")

_MOST = 8
"""Processes; more only wait for the one that puts the results together."""


def cores() -> int:
    """How many processes can work at a time."""
    return min(len(os.sched_getaffinity(0)), _MOST)


def in_shares(work: Callable[[Sequence[T]], R], shares: Sequence[Sequence[T]]) -> list[R]:
    """`work` done on every share, the first here, each other in a fork; the results, pickled, in the shares' order.

    To be called while no other thread runs. What `work` raises in a fork is raised here.
    """
    children = [_begun(work, share) for share in shares[1:]]
    try:
        results = [work(shares[0])]
        while children:
            results.append(_result(*children.pop(0)))
    finally:
        for process, stream in children:
            os.close(stream)
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    return results


def _begun(work: Callable[[Sequence[T]], R], share: Sequence[T]) -> tuple[int, int]:
    """The id of a fork, and where its answer can be read."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    code = 1
    try:
        import pickle

        os.close(reading)
        with os.fdopen(writing, "wb") as stream:
            try:
                answer: tuple[bool, object] = (True, work(share))
            except Exception as error:  # noqa: BLE001 raised again by who waits
                answer = (False, error)
            pickle.dump(answer, stream, pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        os._exit(code)  # Nothing of what the original process has open is to be flushed or cleaned up twice.


def _result(process: int, reading: int) -> Any:
    with os.fdopen(reading, "rb") as stream:
        data = stream.read()
    _, status = os.waitpid(process, 0)
    if status or not data:
        message = f"a part of the work ended early ({os.waitstatus_to_exitcode(status)})"
        raise ToolError(message, hint="is the machine out of memory? Nothing was written: run it again")
    import pickle

    good, answer = pickle.loads(data)  # noqa: S301 written by our own fork
    if not good:
        raise answer
    return answer
