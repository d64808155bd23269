"""Making a commit of pins on top of any head: in the checkout's objects and nowhere else."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.commits.worktree import Worktree
from ci_toolkit.model.commit_message import commit_message
from ci_toolkit.model.text import neutralise
from ci_toolkit.state import Commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from ci_toolkit.commits.refusal import Refusal
    from ci_toolkit.commits.remote import RemoteBranch
    from ci_toolkit.config.options import CommitOptions, PinOptions
    from ci_toolkit.git import Git
    from ci_toolkit.model.commit_message import Delivered
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import PinEdit, State
    from ci_toolkit.steps.commit_pins import Pins

_OURS = "commit-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run's dealings with one branch."""

    git: Git
    remote: RemoteBranch
    """The branch that gets the pins, or that they are requested for."""
    address: str | None
    """The remote's web address, where it has one."""
    prefix: str
    """The config's directory within the checkout, with a slash behind, or nothing; of another repository nothing."""
    held: Sequence[PinEdit]
    identity: Mapping[str, str]
    signing: Sequence[str] = ()
    """The flags that let git sign."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A commit, and what it is about."""

    commit: Commit
    edits: Sequence[PinEdit]
    """The places that it changes."""
    delivered: Sequence[Delivered]
    message: str


class Way(Protocol):
    """How a commit gets to the remote."""

    @property
    def branch(self) -> RemoteBranch:
        """The branch that is pushed to."""

    def attempt(self, state: State) -> Commit | Refusal | None:
        """One try on what the remote holds now; None where nothing is to be done. Raises as `CommitStep.run`."""


class Making:
    """Makes the commits of one step."""

    def __init__(
        self,
        *,
        options: CommitOptions,
        pins: Pins,
        entries: Sequence[PinOptions],
        workdir: Path,
        context: CiContext,
        now: datetime,
        progress: Progress,
        environment: str | None,
    ) -> None:
        """`workdir` gets temporary files, gone after each commit."""
        self._options = options
        self._pins = pins
        self._entries = entries
        self._workdir = workdir
        self._context = context
        self._now = now
        self._progress = progress
        self.environment = environment

    def on(self, job: Job, state: State, head: str, branch: RemoteBranch, *, into: str | None = None) -> Made | None:
        """The commit on top of this head; None where it would be empty. `into`: the branch it is requested for.

        Raises IntegrityError where that head doesn't hold what was pinned, ToolError where git fails.
        """
        with self._directory() as directory:
            worktree = Worktree(job.git, directory, job.prefix)
            patterns = {pattern for entry in self._entries for pattern in (*entry.files, *entry.exclude)}
            worktree.check_out(head, patterns, {edit.file for edit in job.held})
            edits = self._pins.pinned(worktree.root, state, job.held, f"{branch} ({head[:12]})")
            changed = [edit for edit in edits if edit.old != edit.new]
            if not changed:
                return None
            files = sorted({edit.file for edit in changed})
            delivered = self._pins.delivered(changed, state)
            message = self.message(delivered, into=into)
            commit = Commit(
                repository=job.address or job.remote.remote,
                branch=branch.branch,
                revision=worktree.commit(head, files, message, job.identity, job.signing),
                files=tuple(files),
                environment=self.environment,
                at=self._now.isoformat(timespec="seconds"),
            )
        return Made(commit=commit, edits=changed, delivered=delivered, message=message)

    def message(self, delivered: Sequence[Delivered], *, into: str | None = None) -> str:
        """What the commit of these images says."""
        options = self._options
        return commit_message(
            options.message,
            delivered,
            self._context,
            environment=self.environment,
            skip_ci=options.skip_ci,
            target=into,
        )

    def warn_of_others(self, state: State, made: Made) -> None:
        """Another digest came into one of our places while this run was at work: ours replaces it, with a word."""
        known = {(edit.file, edit.new): edit.old for edit in state.pins}
        for edit in made.edits:
            if "@" in edit.old and known.get((edit.file, edit.new), edit.old) != edit.old:
                message = f"{edit.file}:{edit.line}: {edit.old} came meanwhile, and {edit.new} takes its place"
                self._progress.warn(neutralise(message))

    @contextmanager
    def _directory(self) -> Iterator[Path]:
        """A directory of our own below the workdir, which one run holds at a time; what a killed one left goes."""
        for left in self._workdir.glob(f"{_OURS}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_OURS, dir=self._workdir, ignore_cleanup_errors=True) as name:
            yield Path(name).resolve()
