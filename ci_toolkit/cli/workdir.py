"""The workdir: ignored by git, used by one run at a time."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def workdir(path: Path) -> Iterator[Path]:
    """Make the directory and hold it for this run; raises ToolError while another run holds it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        ignore = path / ".gitignore"
        if not ignore.is_file():
            ignore.write_text("*\n", encoding="utf-8")
        lock = (path / "lock").open("w", encoding="utf-8")
    except OSError as error:
        message = f"can't use the workdir {path}: {error.strerror}"
        raise ToolError(message, hint="name another one with --workdir") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another run is using the workdir {path}"
            raise ToolError(message, hint="wait for it to end, or give this run its own --workdir") from None
        yield path
