"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
from pathlib import Path

from ci_toolkit.errors import ToolError


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


def packaged_schema(name: str) -> str:
    """The text of one of the JSON Schemas in `schemas/`."""
    return (packaged("schemas") / name).read_text(encoding="utf-8")


def packaged(directory: str) -> Path:
    """A directory that is shipped along: in the wheel inside the package, in a checkout beside it."""
    inside = Path(__file__).parent / directory
    return inside if inside.is_dir() else Path(__file__).parent.parent / directory
