"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` by these bytes: temporary file in the same directory, fsync, rename.

    Raises ToolError with the old file whole, whatever goes wrong (disk full, no permission).
    """
    import tempfile  # here, since it takes longer to import than a config to read

    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        message = f"can't write {path}: {error.strerror or error}"
        raise ToolError(message, hint="the old file is untouched; free some space or mend its permissions") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def cache_directory(env: Mapping[str, str]) -> Path:
    """What is kept between runs: below XDG_CACHE_HOME, else below HOME; never in the workspace.

    A pull request can plant files in the workspace, and a planted answer would be believed.
    """
    base = env.get("XDG_CACHE_HOME") or (f"{env['HOME']}/.cache" if env.get("HOME") else "/var/tmp")  # noqa: S108
    return Path(base).absolute() / "ci-toolkit"


def name_in_state(path: Path, root: Path, workdir: Path) -> str:
    """How a state names a file of the workdir: relative to the config's directory, so that it is found in a copy too.

    By `..` where the workdir is beside one of the directories that the config lies in; whole where it is elsewhere.
    """
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    if path.is_relative_to(workdir) and root.is_relative_to(workdir.parent):
        by_parents = Path(os.path.relpath(path, root))
        if (root / by_parents).resolve() == path.resolve():  # no link in between, from where `..` leads elsewhere
            return by_parents.as_posix()
    return str(path)


def packaged_schema(name: str) -> str:
    """The text of one of the JSON Schemas in `schemas/`."""
    return (packaged("schemas") / name).read_text(encoding="utf-8")


def packaged(directory: str) -> Path:
    """A directory that is shipped along: in the wheel inside the package, in a checkout beside it."""
    inside = Path(__file__).parent / directory
    return inside if inside.is_dir() else Path(__file__).parent.parent / directory
