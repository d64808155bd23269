"""The commit's short way: right onto its branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.commits.checkout import follow
from ci_toolkit.commits.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from ci_toolkit.commits.remote import RemoteBranch
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import Commit, State
    from ci_toolkit.steps.commit_making import Job, Making


class Push:
    """Pushes commits of one job until one is on the branch. `checked_out`: the checkout is on that branch."""

    def __init__(self, job: Job, making: Making, progress: Progress, *, checked_out: bool) -> None:
        self._job = job
        self._making = making
        self._progress = progress
        self._checked_out = checked_out
        self._made: dict[str, Commit] = {}
        """The commits of earlier tries, whose reply may be lost."""

    @property
    def branch(self) -> RemoteBranch:
        """The branch itself."""
        return self._job.remote

    def attempt(self, state: State) -> Commit | Refusal | None:
        """One try on the branch's head as it is now; None where it holds everything already."""
        job = self._job
        head = job.remote.head()
        if isinstance(head, Refusal):
            return head
        if head in self._made:
            return self._told(self._made[head])
        made = self._making.on(job, state, head, job.remote)
        if made is None:
            self._progress.info(f"nothing to commit: {job.remote} holds every digest already")
            self._follow(head, {edit.file for edit in job.held})
            return None
        self._making.warn_of_others(state, made)
        self._made[made.commit.revision] = made.commit
        return job.remote.push(made.commit.revision, head) or self._told(made.commit)

    def _told(self, commit: Commit) -> Commit:
        self._progress.info(f"{commit.revision[:12]} is on {self._job.remote}: {', '.join(commit.files)}")
        self._follow(commit.revision, commit.files)
        return commit

    def _follow(self, revision: str, files: Collection[str]) -> None:
        job = self._job
        if self._checked_out and not follow(
            job.git, job.remote.branch, revision, [f"{job.prefix}{name}" for name in files]
        ):
            self._progress.info(f"the checkout stays where it is: `git pull` brings it to {job.remote}")
