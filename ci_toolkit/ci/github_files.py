"""The files by which a step tells GitHub's runner its outputs, its state and its summary.

Source: GitHub, "Workflow commands for GitHub Actions" (environment files); actions/runner, `FileCommandManager`.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_SUMMARY = 1024 * 1024
"""Bytes of a step's summary; GitHub drops the whole of one that is larger."""
_CUT = "\n\n*Cut here: GitHub takes 1 MiB of summary from a step.*\n"

ValuesFile = Literal["GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_ENV"]


def append_values(env: Mapping[str, str], file: ValuesFile, values: Mapping[str, str]) -> None:
    """Add names and values to one of the runner's files; nothing happens outside of a step, where there is none.

    Raises ToolError where it can't be written, or a value holds a NUL character.
    """
    path = env.get(file)
    if path and values:
        _append(file, Path(path), "".join(_entry(name, value) for name, value in values.items()).encode())


def summary_room(env: Mapping[str, str]) -> int:
    """How many more bytes of summary GitHub takes of this step; 0 outside of one."""
    path = env.get("GITHUB_STEP_SUMMARY")
    if not path:
        return 0
    try:
        used = Path(path).stat().st_size
    except OSError:
        used = 0
    return max(0, LARGEST_SUMMARY - used - 1)  # one for the line end that may be missing there


def append_summary(env: Mapping[str, str], markdown: str) -> None:
    """Add to the step's summary, cut at a line's end where there is no room; raises ToolError if that fails."""
    path = env.get("GITHUB_STEP_SUMMARY")
    if not path or not markdown:
        return
    data = (markdown.removesuffix("\n") + "\n").encode("utf-8", "replace")
    room = summary_room(env)
    if len(data) > room:
        head = data[: max(0, room - len(_CUT))]
        data = head[: head.rfind(b"\n") + 1] + _CUT.encode() if b"\n" in head else b""
    if data:
        _append("GITHUB_STEP_SUMMARY", Path(path), data)


def _entry(name: str, value: str) -> str:
    """`NAME<<DELIMITER`, the value, the delimiter, which nobody can know beforehand."""
    if "\0" in value:
        message = f"the value of {name} holds a NUL character, and is not handed to GitHub"
        raise ToolError(message)
    if not name or any(part in name for part in ("=", "<<", "\n", "\r", "\0")):
        message = f"{name!r} is no name of an output"
        raise ToolError(message)
    delimiter = f"ci-toolkit-{secrets.token_hex(16)}"
    harmless = value.encode("utf-8", "replace").decode()
    return f"{name}<<{delimiter}\n{harmless}\n{delimiter}\n"


def _append(variable: str, path: Path, data: bytes) -> None:
    try:
        with path.open("ab+") as stream:
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                data = data if stream.read(1) == b"\n" else b"\n" + data
            stream.write(data)
    except OSError as error:
        message = f"can't write {path}, the file of {variable}: {error.strerror or error}"
        raise ToolError(message, hint=f"leave {variable} as the runner sets it, and mount its directory") from error
