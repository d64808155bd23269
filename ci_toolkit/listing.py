"""The files below a directory, by name: hidden ones too, no link followed, nothing of git, Mercurial or Subversion."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a directory is opened that must be none but itself."""
_KEPT_BY_TOOLS = frozenset({".git", ".hg", ".svn"})


def listed(
    start: int, path: str, wanted: Callable[[str], bool], left_out: Collection[str] = frozenset()
) -> Iterator[str]:
    """The wanted files below the open directory `start`, directory by directory, each sorted, as `path/…`.

    `wanted` is asked with a file's own name; `left_out`: files and directories, as they would be listed. Raises
    ToolError for a directory that can't be read.
    """
    waiting = [path]
    while waiting:
        directory = waiting.pop()
        inside = directory[len(path) :].lstrip("/")
        below: list[str] = []
        try:
            descriptor = _opened(start, inside)
            try:
                with os.scandir(descriptor) as entries:
                    names = _kinds(entries, below, wanted)
            finally:
                os.close(descriptor)
        except OSError as error:
            message = f"can't list {directory or '.'}: {error.strerror}"
            raise ToolError(message, hint="mend its permissions, or leave it out") from error
        prefix = f"{directory}/" if directory else ""
        yield from (file for name in sorted(names) if (file := f"{prefix}{name}") not in left_out)
        waiting += [each for name in sorted(below, reverse=True) if (each := f"{prefix}{name}") not in left_out]


def inside_of(path: str) -> str:
    """A path as the user wrote it, relative and without `.`; raises UsageError for one that leads outside."""
    plain = os.path.normpath(path)
    if not path or plain.startswith(("/", "../")) or plain == ".." or not path.isprintable():
        message = f"{path[:200]!r} is no path below this directory"
        raise UsageError(message, hint="name files and directories below the one you are in")
    if not _KEPT_BY_TOOLS.isdisjoint(plain.lower().split("/")):
        message = f"{path[:200]!r} is the version control's own"
        raise UsageError(message, hint="name the directory of the manifests")
    return "" if plain == "." else plain


def _kinds(entries: Iterator[os.DirEntry[str]], below: list[str], wanted: Callable[[str], bool]) -> list[str]:
    """The wanted files; directories go to `below`."""
    names = []
    for entry in entries:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            if name.lower() not in _KEPT_BY_TOOLS:
                below.append(name)
        elif wanted(name) and entry.is_file(follow_symlinks=False):
            names.append(name)
    return names


def _opened(start: int, inside: str) -> int:
    descriptor = os.dup(start)
    for part in filter(None, inside.split("/")):
        above = descriptor
        try:
            descriptor = os.open(part, DIRECTORY, dir_fd=above)
        finally:
            os.close(above)
    return descriptor
