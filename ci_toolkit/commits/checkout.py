"""The user's checkout after a push: it follows where it can do so without touching what isn't ours."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ci_toolkit.git import Git

_GIT_WRITES = ("objects", "refs", "logs")
_SINGLE_FILES = ("index", "packed-refs", "shallow")


def follow(git: Git, branch: str, commit: str, files: Collection[str]) -> bool:
    """Move the branch that is checked out to a commit that changes just these files, relative to the top.

    The files themselves aren't written. Their index entries become the commit's; all others stay. False, and nothing
    is changed, where the commit doesn't come right after the checkout's, brings anything else, or one of the files
    is staged with changes of the user's own.
    """
    head = git("rev-parse", "--verify", "--quiet", "HEAD", check=False).strip()
    here = git("symbolic-ref", "--quiet", "HEAD", check=False).strip() == f"refs/heads/{branch}"
    if head == commit:
        return True
    parents = git("rev-list", "--parents", "--max-count=1", commit, check=False).split()[1:]
    if not here or parents != [head]:
        return False
    changed = _names(git("diff-tree", "-r", "-z", "--name-only", "--no-renames", head, commit))
    if not changed or not changed <= set(files):
        return False
    before, after = (_entries(git, revision, changed) for revision in (head, commit))
    if _staged(git, changed) != before:
        return False
    try:
        _write_index(git, after)
        # The index first: a checkout that is left here has the pins staged, and loses none.
        git("update-ref", "-m", "ci-toolkit: commit", f"refs/heads/{branch}", commit, head)
    except ToolError:
        with suppress(ToolError):
            _write_index(git, before)
        return False
    git("update-index", "-q", "--refresh", check=False)
    return True


def hand_back(git: Git) -> None:
    """Give what root wrote into somebody else's repository to its owner, who couldn't write beside it otherwise."""
    place = Path(git("rev-parse", "--path-format=absolute", "--git-common-dir").strip())
    owner = place.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for path in _written(place):
        with suppress(OSError):
            if path.lstat().st_uid == 0:
                os.lchown(path, owner.st_uid, owner.st_gid)


def _written(place: Path) -> Iterator[Path]:
    for name in _GIT_WRITES:
        for directory, directories, files in os.walk(place / name):
            yield from (Path(directory, entry) for entry in (*directories, *files))
    yield from (place / name for name in _SINGLE_FILES)


def _names(listed: str) -> set[str]:
    return set(listed.split("\0")) - {""}


def _entries(git: Git, revision: str, files: Collection[str]) -> set[str]:
    """`MODE OBJECT\\tNAME` of these files in a commit."""
    listed = _names(git("--literal-pathspecs", "ls-tree", "-r", "-z", revision, "--", *sorted(files)))
    return {entry.replace(" blob ", " ", 1) for entry in listed}


def _staged(git: Git, files: Collection[str]) -> set[str]:
    listed = _names(git("--literal-pathspecs", "ls-files", "-s", "-z", "--", *sorted(files)))
    return {entry.replace(" 0\t", "\t", 1) for entry in listed}


def _write_index(git: Git, entries: Collection[str]) -> None:
    lines = "".join(f"{entry}\0" for entry in sorted(entries))
    git.run("update-index", "-z", "--index-info", stdin=lines.encode())
