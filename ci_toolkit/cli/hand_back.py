"""Files made as root in a container are given to whom the directory belongs, so that the runner can clean up."""

from __future__ import annotations

import os
import stat
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_Found = tuple[int, str, os.stat_result]
"""An open directory, a name in it, and what stands there."""


def hand_back(place: Path) -> int:
    """Give everything of root's below a directory to its owner and group; how much that was.

    Nothing happens where we aren't root or the directory is root's. No link is followed, no other file system
    entered, and a file that has names outside of it stays as it is; so does what can't be given.
    """
    if os.geteuid() != 0:
        return 0
    try:
        top = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        owner = os.fstat(top)
        return _given(top, owner) if owner.st_uid != 0 else 0
    finally:
        os.close(top)


def _given(top: int, owner: os.stat_result) -> int:
    given = 0
    linked: Counter[tuple[int, int]] = Counter()
    for found in _roots(top, owner.st_dev):
        if _has_more_names(found[2]):
            linked[_key(found[2])] += 1
        else:
            given += _give(found, owner)
    if linked:
        # Layouts share their blobs; but a file with a name elsewhere isn't the workspace's alone to give.
        for found in _roots(top, owner.st_dev):
            if _has_more_names(found[2]) and linked[_key(found[2])] >= found[2].st_nlink:
                given += _give(found, owner)
    return given


def _roots(top: int, device: int) -> Iterator[_Found]:
    """What belongs to root below an open directory."""
    for _, directories, files, directory in os.fwalk(".", dir_fd=top):
        for name in (*directories, *files):
            try:
                found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            except OSError:
                continue
            if found.st_dev != device:
                if name in directories:
                    directories.remove(name)
            elif found.st_uid == 0:
                yield directory, name, found


def _give(found: _Found, owner: os.stat_result) -> bool:
    """Change the owner of what was looked at, and of nothing that was put in its place since."""
    directory, name, before = found
    try:
        if stat.S_ISLNK(before.st_mode):
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=directory, follow_symlinks=False)
            return True
        if not (stat.S_ISREG(before.st_mode) or stat.S_ISDIR(before.st_mode)):
            return False
        opened = os.open(name, _OPEN, dir_fd=directory)
        try:
            now = os.fstat(opened)
            same = _key(now) == _key(before) and (stat.S_ISDIR(now.st_mode) or now.st_nlink <= before.st_nlink)
            if same:
                os.fchown(opened, owner.st_uid, owner.st_gid)
            return same
        finally:
            os.close(opened)
    except OSError:
        return False


def _has_more_names(found: os.stat_result) -> bool:
    return found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode)


def _key(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
