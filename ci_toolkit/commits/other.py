"""Another repository's newest commit: in a bare repository of our own, for as long as a run lasts."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.commits.login import logged_in
from ci_toolkit.commits.remote import RemoteBranch, default_branch
from ci_toolkit.commits.signing import UNSIGNED
from ci_toolkit.commits.tries import tried
from ci_toolkit.commits.worktree import Worktree
from ci_toolkit.git import Git

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ci_toolkit.commits.login import Login
    from ci_toolkit.commits.signing import Signature
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor

_OURS = "other-"


class OtherRepository:
    """The repository at `address`. Nothing is made or asked before `reach`; `close` takes everything away again."""

    def __init__(
        self,
        address: str,
        branch: str | None,
        login: Login,
        *,
        workdir: Path,
        runner: Runner,
        env: Mapping[str, str],
        redact: Redactor,
        progress: Progress,
    ) -> None:
        """`branch`: None for its default one. `workdir` gets what is fetched; one run holds it at a time."""
        self.address = address
        self._branch = branch
        self._login = login
        self._workdir = workdir
        self._runner = runner
        self._env = env
        self._redact = redact
        self._progress = progress
        self._directory: Path | None = None
        self.tree: Path | None = None
        """Where the files are that `reach` brought; None: not reached yet."""

    @property
    def branch(self) -> str:
        """The branch, for people as long as only the remote knows it."""
        return self._branch or "<default branch>"

    def __str__(self) -> str:
        return f"{self.branch} at {self.address}"

    def reach(self, patterns: Collection[str]) -> Path:
        """The files that match these patterns as the branch has them now; a directory that may be written to.

        Raises RemoteError where nobody is let in, there is no such branch, or the server is away.
        """
        with self.connected() as git:
            head = tried(self.remote(git).head, self, self._progress)
            place = Path(tempfile.mkdtemp(prefix="files-", dir=git.repository.parent))
            worktree = Worktree(git, place, "")
            worktree.check_out(head, patterns, ())
        self.tree = worktree.root
        return self.tree

    @contextmanager
    def connected(self, signature: Signature = UNSIGNED) -> Iterator[Git]:
        """git in what was fetched, with the config's login for this repository."""
        repository = self._made()
        with logged_in(
            self._runner,
            repository,
            self.address,
            self._login,
            env=self._env,
            redact=self._redact,
            signature=signature,
        ) as git:
            yield git

    def remote(self, git: Git) -> RemoteBranch:
        """The branch, as this git reaches it."""
        if self._branch is None:
            self._branch = default_branch(git, self.address)
        return RemoteBranch(git, self.address, self._branch, alone=True)

    def close(self) -> None:
        """Take away what was fetched."""
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._directory = self.tree = None

    def _made(self) -> Path:
        """The bare repository; what a run that was killed left behind goes."""
        if self._directory is None:
            for left in self._workdir.glob(f"{_OURS}*"):
                shutil.rmtree(left, ignore_errors=True)
            self._directory = Path(tempfile.mkdtemp(prefix=_OURS, dir=self._workdir)).resolve()
            Git(self._runner, self._directory)("init", "--quiet", "--bare", "--template=", "repository.git")
        return self._directory / "repository.git"
