"""Locks between processes of one machine."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSE = 0.05


@contextmanager
def locked(file: Path, *, seconds: float) -> Iterator[None]:
    """Hold `file` alone while the block runs; raises ToolError when another process has it for longer.

    The lock is the kernel's (flock): it ends with the process that holds it, however that ends.
    """
    deadline = time.monotonic() + seconds
    descriptor = _open(file)
    try:
        while not _try(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                message = f"another process has held {file} for {seconds:g} s"
                raise ToolError(message, hint="wait for the other scan to end, or end it")
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def if_free(file: Path) -> Iterator[bool]:
    """Hold `file` alone while the block runs, if nobody else does: True, or False without waiting."""
    descriptor = _open(file)
    try:
        yield _try(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


@contextmanager
def shared(file: Path) -> Iterator[None]:
    """Keep `file` from being taken by `unused` while the block runs."""
    descriptor = _open(file)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def unused(file: Path) -> bool:
    """True if nobody holds `file` at this moment."""
    descriptor = _open(file)
    try:
        return _try(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _open(file: Path) -> int:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        message = f"can't lock {file}: {error.strerror}"
        raise ToolError(message) from error


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
