"""Whether a commit is one that this tool made and nobody touched since, so that it may be replaced."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ci_toolkit.git import Git

_FORMAT = "--format=%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%P%x00%B"
_IMAGE = re.compile(r"^Image-Digest: ([a-z0-9][a-z0-9_.-]*)@sha256:[0-9a-f]{64}$", re.MULTILINE)
_FIELD = re.compile(r"^(Environment|Target-Branch): (.+)$", re.MULTILINE)


class Own:
    """One commit, which is in the checkout's objects, read as one of ours."""

    def __init__(self, git: Git, revision: str) -> None:
        self._git = git
        self._revision = revision
        shown = git("log", "-1", "--no-show-signature", _FORMAT, "--end-of-options", revision)
        *self._people, self._parents, self._message = (shown + "\0" * 7).split("\0")[:8]

    def is_untouched(self, identity: Mapping[str, str]) -> bool:
        """True where author and committer are who we are, and one moment's: amending or moving it changes that."""
        ours = [identity["GIT_COMMITTER_NAME"], identity["GIT_COMMITTER_EMAIL"]]
        author, committer = self._people[:3], self._people[3:]
        return author == committer and author[:2] == ours and bool(_IMAGE.search(self._message))

    def is_only_pins(
        self,
        identity: Mapping[str, str],
        target: str,
        names: Collection[str],
        files: Collection[str],
        environment: str | None,
    ) -> bool:
        """True where all that the branch has over `target` is this commit: these images, in these files.

        `files` are relative to the top. The commit says itself that it was made right on top of the target: in a
        shallow clone nobody could tell otherwise.
        """
        fields = dict(_FIELD.findall(self._message))
        return (
            self.is_untouched(identity)
            and fields.get("Target-Branch") == target
            and fields.get("Environment") == environment
            and set(_IMAGE.findall(self._message)) <= set(names)
            and self._changed() <= set(files)
        )

    def holds_the_same(self, other: str, files: Collection[str]) -> bool:
        """True where both commits have the same content in these files, relative to the top."""
        here, there = (self._entries(revision, files) for revision in (self._revision, other))
        return here == there

    def _changed(self) -> set[str]:
        parents = self._parents.split()
        if len(parents) != 1:
            return {""}
        told = self._git("diff-tree", "-r", "-z", "--name-only", "--no-renames", parents[0], self._revision)
        return set(told.split("\0")) - {""}

    def _entries(self, revision: str, files: Collection[str]) -> str:
        return self._git("--literal-pathspecs", "ls-tree", "-r", "-z", revision, "--", *sorted(files))
