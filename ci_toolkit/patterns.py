"""File patterns below a directory: `*`, `?`, `[…]` within a name, `**` across directories; never outside of it.

As in a shell, a wildcard passes over names that start with a dot. A symbolic link is taken for what it points at, if
that lies inside; `**` follows none. Workflows of GitHub are found by patterns alone that spell out where they lie.
"""

from __future__ import annotations

import os
import re
from fnmatch import translate
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAGIC = re.compile(r"[*?\[]")
_BARE = frozenset({"*", "**"})
_WORKFLOWS = (".github", "workflows")
_MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")


def is_literal(pattern: str) -> bool:
    """True for a plain path: a pattern without wildcards."""
    return _MAGIC.search(pattern) is None


def matching(root: str, pattern: str, *, written: bool = True) -> list[str]:
    """The files that match, sorted, as paths relative to `root`, which is a real path; links are resolved.

    A bare `*` or `**` at the end takes YAML and JSON files alone. Raises UsageError for a pattern or a match that
    leads outside or, if they are to be `written`, to where nothing may be, and ToolError for a directory that can't
    be read.
    """
    parts = _parts(pattern)
    found: set[str] = set()
    seen: set[tuple[str, int]] = set()
    waiting = [("", 0)]
    while waiting:
        directory, index = waiting.pop()
        if (directory, index) in seen:
            continue
        seen.add((directory, index))
        part, last = parts[index], index == len(parts) - 1
        if part == "**" and not last:
            waiting.append((directory, index + 1))
        for path, is_directory in _candidates(root, directory, part, last=last):
            if not is_directory:
                found.add(path)
            elif part == "**":
                waiting.append((path, index))
            elif not last:
                waiting.append((path, index + 1))
    workflows = _spelled_out(parts)
    files = sorted(found)
    for path in files if written else ():
        check_writable(path, workflows=workflows is not None and path.startswith(workflows))
    return files


def check_writable(path: str, *, workflows: bool = False) -> None:
    """Raise UsageError for a path inside a place that is never written: git's own files, and workflows unless told."""
    parts = tuple(part.lower() for part in PurePosixPath(path).parts)
    is_workflow = any(parts[i : i + 2] == _WORKFLOWS for i in range(len(parts)))
    if ".git" in parts:
        message = f"{path}: nothing below .git is ever written"
        raise UsageError(message, hint="name the directory of the manifests")
    if is_workflow and not workflows:
        message = f"{path}: a workflow is only written where a pattern spells out .github/workflows/"
        raise UsageError(message, hint="name it by a pattern of its own, such as `.github/workflows/*.yml`")


def _spelled_out(parts: tuple[str, ...]) -> str | None:
    """The directory of workflows that a pattern names without a wildcard, with `/`; None where it names none."""
    for i in range(len(parts) - 2):
        directory = "/".join(parts[: i + 2])
        if parts[i : i + 2] == _WORKFLOWS and is_literal(directory):
            return f"{directory}/"
    return None


def _parts(pattern: str) -> tuple[str, ...]:
    parts = PurePosixPath(pattern).parts
    if not parts or pattern.startswith("/") or ".." in parts or not pattern.isprintable():
        message = f"{pattern[:100]!r} is no pattern for files of this project"
        raise UsageError(message, hint="write a path relative to the config file, without '..'")
    return parts


def _candidates(root: str, directory: str, part: str, *, last: bool) -> Iterator[tuple[str, bool]]:
    """What one part of a pattern finds in a directory, as real paths with whether they are directories.

    Files are looked for by the last part alone; what isn't looked for may be a link to anywhere.
    """
    if is_literal(part):
        yield from _resolved(root, _joined(directory, part), last=last)
        return
    try:
        entries = list(os.scandir(os.path.join(root, directory)))  # noqa: PTH118 the inner loop over strings
    except OSError as error:
        message = f"can't list {directory or '.'}: {error.strerror}"
        raise ToolError(message, hint="mend its permissions") from error
    wanted = _name_matcher(part)
    for entry in entries:
        if not wanted(entry.name):
            continue
        path = _joined(directory, entry.name)
        named_as_manifest = part not in _BARE or entry.name.endswith(_MANIFEST_SUFFIXES)
        if entry.is_symlink():
            leads_to_directory = os.path.isdir(_joined(root, path))  # noqa: PTH112 no error for one in a circle
            if (part != "**" and not last) if leads_to_directory else named_as_manifest:
                yield from _resolved(root, path, last=last)
        elif entry.is_dir(follow_symlinks=False):
            yield path, True
        elif last and named_as_manifest and entry.is_file(follow_symlinks=False):
            yield path, False


def _name_matcher(part: str) -> Callable[[str], bool]:
    match = re.compile(translate("*" if part == "**" else part)).match
    shows_hidden = part.startswith(".")
    return lambda name: (shows_hidden or not name.startswith(".")) and match(name) is not None


def _resolved(root: str, path: str, *, last: bool) -> Iterator[tuple[str, bool]]:
    """Where a path really leads, if anything is there that is looked for."""
    real = os.path.realpath(_joined(root, path))
    is_directory = os.path.isdir(real)  # noqa: PTH112
    if not is_directory and not last:
        return
    inside = os.path.relpath(real, root)
    if inside == ".." or inside.startswith("../"):
        message = f"{path} is a symbolic link that leads out of the project, or lies below one"
        raise UsageError(message, hint="nothing outside is written: name the file where it really is, or leave it out")
    if is_directory:
        yield ("" if inside == "." else inside), True
    elif os.path.exists(real):  # noqa: PTH110
        yield inside, False


def _joined(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name
