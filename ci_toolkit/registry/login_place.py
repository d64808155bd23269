"""Where isolated Docker configs lie: outside the project, where nobody else can exchange them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError
from ci_toolkit.private import stem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_BASES = ("RUNNER_TEMP", "XDG_RUNTIME_DIR", "TMPDIR")
_LAST_BASE = "/tmp"  # noqa: S108 what is made there is made by mkdir, 0700, and looked at


def base_directory(env: Mapping[str, str], outside: Collection[Path]) -> Path:
    """Where directories with logins are made: RUNNER_TEMP, XDG_RUNTIME_DIR, TMPDIR or /tmp.

    Never below one of `outside` (workdir and project: they become CI artifacts and build contexts), and never where
    another user could exchange a directory. Raises ToolError where none of them will do.
    """
    forbidden = [path.resolve() for path in outside]
    for text in (*(env.get(name, "") for name in _BASES), _LAST_BASE):
        base = Path(text)
        if text and base.is_absolute() and _is_fit(base):
            found = base.resolve()
            if not any(found.is_relative_to(path) for path in forbidden):
                return found
    message = "there is no directory for logins: none of RUNNER_TEMP, XDG_RUNTIME_DIR, TMPDIR and /tmp will do"
    raise ToolError(message, hint="set TMPDIR to a directory of your own outside the project")


def login_directory(base: Path, workdir: Path) -> Path:
    """The place of `ci-toolkit login`: one for each user and workdir, the same every time."""
    from hashlib import sha256

    name = sha256(os.fsencode(workdir)).hexdigest()[:16]
    return base / f"{stem()}{name}"


def _is_fit(base: Path) -> bool:
    try:
        found = base.stat()
    except OSError:
        return False
    shared = found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
    return stat.S_ISDIR(found.st_mode) and not shared and os.access(base, os.W_OK | os.X_OK)
