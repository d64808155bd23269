"""A work tree and an index of our own for one commit: the user's files, index and branch have no part in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.git import Git
    from ci_toolkit.process import Completed

_LINK = "120000"
_MAGIC = re.compile(r"[*?\[\\]")
_UNDECODABLE = "\ufffd"


class Worktree:
    """The files of one commit that matter, below `directory`, which is empty; `prefix` is the config's directory.

    git itself writes and reads them, so attributes, line ends and file modes come out as by a checkout and `git add`.
    """

    def __init__(self, git: Git, directory: Path, prefix: str) -> None:
        self._git = git
        self._top = directory / "tree"
        self._top.mkdir()
        self._prefix = prefix
        self._env = {
            "GIT_DIR": git("rev-parse", "--absolute-git-dir").strip(),
            "GIT_WORK_TREE": str(self._top),
            "GIT_INDEX_FILE": str(directory / "index"),
        }

    @property
    def root(self) -> Path:
        """Where the config's directory is in it."""
        return self._top / self._prefix

    def check_out(self, revision: str, patterns: Collection[str], files: Collection[str]) -> None:
        """Write the files that match these patterns or are named, and every symbolic link that may lead to one."""
        self._run("read-tree", revision)
        names = self._listed([f"{_escaped(self._prefix)}{pattern}" for pattern in patterns], "glob")
        names |= self._listed([f"{self._prefix}{name}" for name in files], "literal")
        names |= self._links([f"{self._prefix}{pattern}" for pattern in patterns])
        wanted = "".join(f"{name}\0" for name in sorted(names) if _UNDECODABLE not in name)
        self._run("checkout-index", "-z", "--stdin", stdin=wanted.encode())
        self.root.mkdir(parents=True, exist_ok=True)

    def commit(
        self, parent: str, files: Collection[str], message: str, identity: Mapping[str, str], flags: Sequence[str] = ()
    ) -> str:
        """A commit on top of `parent` with these files, relative to the config's directory, as they are now.

        `flags`: what `git commit-tree` wants in order to sign it.
        """
        names = "".join(f"{self._prefix}{name}\0" for name in files)
        self._run("update-index", "-z", "--stdin", stdin=names.encode())
        tree = self._run("write-tree").stdout.strip()
        argv = ("commit-tree", *flags, tree, "-p", parent, "-F", "-")
        made = self._run(*argv, stdin=message.encode("utf-8", "replace"), env=identity)
        return made.stdout.strip()

    def _listed(self, paths: Collection[str], magic: str) -> set[str]:
        if not paths:
            return set()
        specs = [f":(top,{magic}){path}" for path in paths]
        return set(self._run("ls-files", "-z", "--", *specs).stdout.split("\0")) - {""}

    def _links(self, patterns: Collection[str]) -> set[str]:
        """The symbolic links below the first name of each pattern: a pattern may lead through one."""
        firsts = {pattern.partition("/")[0] for pattern in patterns}
        everything = any(_MAGIC.search(first) for first in firsts)
        specs = () if everything else ("--", *(f":(top,literal){first}" for first in sorted(firsts)))
        entries = self._run("ls-files", "-s", "-z", *specs).stdout.split("\0")
        return {entry.partition("\t")[2] for entry in entries if entry.startswith(_LINK)}

    def _run(self, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> Completed:
        return self._git.run(*arguments, cwd=self._top, env={**self._env, **(env or {})}, stdin=stdin)


def _escaped(path: str) -> str:
    """A path as a glob that means just it."""
    return _MAGIC.sub(lambda match: f"\\{match[0]}", path)
