"""Directories that hold secrets: ours alone, gone when done with, and after a kill at the next start."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ATTEMPTS = 20


def make(directory: Path) -> None:
    """Make the directory, or find it as it must be; raises ToolError for a link, another's, or one open to others."""
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        if not is_ours(directory):
            message = f"{directory} belongs to somebody else, or is no directory: no secret is written there"
            raise ToolError(message, hint="remove it, or set TMPDIR to a directory of your own") from None
    except OSError as error:
        message = f"can't make {directory}: {error.strerror}"
        raise ToolError(message, hint="set TMPDIR to a directory of your own") from error


def is_ours(directory: Path) -> bool:
    """True for a directory of ours; False where there is none, a link, or another user's.

    Raises ToolError where it is ours, but others may look into it.
    """
    mode = _mode_of_ours(directory)
    if mode is not None and mode & 0o077:
        message = f"{directory} is open to others (mode {mode:o}): what is in it can't be trusted"
        raise ToolError(message, hint="`ci-toolkit logout` removes it; then log in again")
    return mode is not None


def forget(directory: Path) -> bool:
    """`remove`, for a directory of ours alone, whatever its mode."""
    return _mode_of_ours(directory) is not None and remove(directory)


def remove(directory: Path) -> bool:
    """Remove a directory of ours with all it holds, links not followed; False where there is none.

    An interrupt comes at most once (`cli.signals`), so what it cuts short is done again. Raises ToolError where
    something stays.
    """
    try:
        return _removed(directory)
    except KeyboardInterrupt:
        _removed(directory)
        raise


@contextmanager
def temporary_directory(base: Path) -> Iterator[Path]:
    """A new directory of ours for as long as the block runs, gone afterwards however it ends.

    A lock tells everyone that it is in use; the kernel drops it with the process, and `sweep` takes what is left.
    """
    directory = base / f"{stem()}run-{os.urandom(8).hex()}"
    lock = -1
    try:
        lock = _begun(directory)
        yield directory
    finally:
        try:
            remove(directory)
        finally:
            if lock >= 0:
                os.close(lock)


def sweep(base: Path) -> int:
    """Remove the temporary directories whose run was killed; how many there were. What is in use stays."""
    prefix = f"{stem()}run-"
    try:
        left = [base / name for name in os.listdir(base) if name.startswith(prefix)]  # noqa: PTH208 quicker than Path
    except OSError:
        return 0
    return sum(_swept(directory) for directory in left)


def stem() -> str:
    """How all of these names begin."""
    return f"ci-toolkit-{os.geteuid()}-"


def _mode_of_ours(directory: Path) -> int | None:
    """Its permissions; None where there is none, a link, or another user's."""
    try:
        found = directory.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return None
    return stat.S_IMODE(found.st_mode)


def _begun(directory: Path) -> int:
    """Make the directory and lock it; again where a sweep came between the two."""
    for _ in range(_ATTEMPTS):
        make(directory)
        with suppress(FileNotFoundError):
            lock = _opened(directory)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock).st_nlink and directory.exists():
                return lock
            os.close(lock)
    message = f"{directory} vanishes as soon as it is made"
    raise ToolError(message, hint="set TMPDIR to a directory of your own")


def _opened(directory: Path) -> int:
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _swept(directory: Path) -> bool:
    try:
        if not is_ours(directory):
            return False
        lock = _opened(directory)
    except (OSError, ToolError):
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _removed(directory)
    except (BlockingIOError, ToolError):
        return False
    finally:
        os.close(lock)


def _removed(directory: Path) -> bool:
    for attempt in range(_ATTEMPTS):
        try:
            if not stat.S_ISDIR(directory.lstat().st_mode):
                return False
        except FileNotFoundError:
            return attempt > 0
        try:
            shutil.rmtree(directory)
        except FileNotFoundError:
            continue  # something in it went by itself meanwhile, as the socket of an agent does
        except OSError as error:
            message = f"the secrets in {directory} can't be removed: {error.strerror}"
            raise ToolError(message, hint=f"rm -r {directory}") from error
        return True
    return False
