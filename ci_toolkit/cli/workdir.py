"""The workdir: ignored by git but for the triage, used by one run at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.patterns import check_writable

if TYPE_CHECKING:
    from collections.abc import Iterator


_GITIGNORE = "*\n!/ignore.yml\n"


@contextmanager
def workdir(path: Path) -> Iterator[Path]:
    """Make the directory and hold it for this run.

    Raises ToolError while another run holds it, UsageError where links lead out of it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        _refuse_links(path)
        ignore = path / ".gitignore"
        if not ignore.is_file() or ignore.read_bytes() == b"*\n":  # as earlier versions wrote it
            ignore.write_text(_GITIGNORE, encoding="utf-8")
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


def check_workdir(path: Path, checkout: Path | None) -> None:
    """Raise UsageError for a workdir below `.git` or `.github/workflows`, by its name or where links lead.

    `checkout`, the real path of the config's, may itself lie below some `.git`, as worktrees do.
    """
    for place in (_normal(path), _real(path)):
        inside = checkout is not None and place.is_relative_to(checkout)
        try:
            check_writable(str(place.relative_to(checkout) if checkout and inside else place))
        except UsageError:
            message = f"the workdir {path} is below .git or .github/workflows, where nothing is ever written"
            raise UsageError(message, hint="name another one with --workdir, or leave it out") from None


def check_in_workspace(path: Path, workspace: Path) -> None:
    """Raise UsageError for a workdir outside of the job's workspace, whose links are followed."""
    if not _real(path).is_relative_to(_real(workspace)):
        message = f"the workdir {path} is outside of the workspace {workspace}, so no later step would find it"
        raise UsageError(message, hint="write it relative to the workspace, without '..'")


def _refuse_links(path: Path) -> None:
    """A link may have come with the checkout: what a run removes, writes and gives its tools would be elsewhere."""
    for entry in sorted(path.iterdir()):
        if entry.is_symlink():
            message = f"{entry} is a link, and what a run keeps lies in its workdir itself"
            raise UsageError(message, hint="remove it, also from the repository; `--workdir` names another directory")


def _normal(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 `..` is taken out as well


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # a circle of links is an error for Path.resolve
