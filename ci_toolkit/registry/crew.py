"""A few threads for many small errands. Daemons: whoever is interrupted waits for none of them."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 4
"""As many as crane; more serve no registry better."""

_LOOK_UP = 0.5
"""Seconds after which who waits looks up: a signal that comes just before a wait begins doesn't end it."""

_here = threading.local()
"""`full`: this thread is one of a whole crew, so what it would have others do it does itself."""


def each(work: Callable[[T], R], items: Sequence[T], *, workers: int) -> list[R]:
    """`work` done on every item, up to `workers` at once; the results in the items' order.

    After the first error nothing new is begun; what runs is waited for, then that error is raised.
    """
    if workers <= 1 or len(items) <= 1 or getattr(_here, "full", False):
        return [work(item) for item in items]
    queue: SimpleQueue[tuple[int, T]] = SimpleQueue()
    for numbered in enumerate(items):
        queue.put(numbered)
    results: dict[int, R] = {}
    errors: list[BaseException] = []
    stopped = threading.Event()

    def run() -> None:
        _here.full = len(items) >= WORKERS
        while not stopped.is_set():
            try:
                number, item = queue.get_nowait()
            except Empty:
                return
            try:
                results[number] = work(item)
            except BaseException as error:  # noqa: BLE001 raised again in the caller's thread
                errors.append(error)
                stopped.set()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(min(workers, len(items)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_LOOK_UP)
    finally:
        stopped.set()
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(items))]


def in_lanes(work: Callable[[T], R], lanes: Iterable[Sequence[T]]) -> Iterator[R]:
    """`work` done on every item: a thread a lane, a lane's items one after the other. Results as they come.

    The first error is raised here; what runs then isn't waited for, and nothing new is begun.
    """
    waiting = [lane for lane in lanes if lane]
    done: SimpleQueue[tuple[R, ...]] = SimpleQueue()
    errors: list[BaseException] = []
    stopped = threading.Event()

    def run(lane: Sequence[T]) -> None:
        _here.full = len(waiting) >= WORKERS
        for item in lane:
            if stopped.is_set():
                return
            try:
                done.put((work(item),))
            except BaseException as error:  # noqa: BLE001 raised again in the caller's thread
                errors.append(error)
                done.put(())
                return

    try:
        for lane in waiting:
            threading.Thread(target=run, args=(lane,), daemon=True).start()
        for _ in range(sum(len(lane) for lane in waiting)):
            result = _next(done)
            if not result:
                raise errors[0]
            yield result[0]
    finally:
        stopped.set()


def _next(done: SimpleQueue[tuple[R, ...]]) -> tuple[R, ...]:
    while True:
        with suppress(Empty):
            return done.get(timeout=_LOOK_UP)
