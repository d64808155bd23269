"""The commit: pinned manifests onto a branch, on top of whatever it holds by then, nobody's work lost or swept in."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.ci.git import checkout_of, web_address
from ci_toolkit.commits.access import SETTINGS, git_environment, learn_login, token_variables
from ci_toolkit.commits.checkout import follow, hand_back
from ci_toolkit.commits.identity import identity
from ci_toolkit.commits.refusal import Refusal
from ci_toolkit.commits.remote import RemoteBranch, check_branch, push_arguments, remote_url
from ci_toolkit.commits.worktree import Worktree
from ci_toolkit.errors import RemoteError, UsageError
from ci_toolkit.git import Git
from ci_toolkit.model.commit_message import commit_message
from ci_toolkit.model.plan import Action
from ci_toolkit.model.text import neutralise
from ci_toolkit.state import Commit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from ci_toolkit.config.options import CommitOptions, PinOptions
    from ci_toolkit.model.commit_message import Delivered
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor
    from ci_toolkit.state import PinEdit, State
    from ci_toolkit.steps.commit_pins import Pins

ATTEMPTS = 10
"""Each refusal of a moved branch is another's commit: ten runs at once all get theirs in."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_OURS = "commit-"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """One run's dealings with one branch."""

    git: Git
    remote: RemoteBranch
    repository: str
    """For the record: the remote's web address, or its name."""
    prefix: str
    """The config's directory within the checkout, with a slash behind, or nothing."""
    held: Sequence[PinEdit]
    identity: Mapping[str, str]


class CommitStep:
    """Commits the places that `pins` tell of, in the files that `entries` name relative to `root`.

    `workdir` gets temporary files, gone when the step ends. `sleep` is for tests to replace.
    """

    name: ClassVar[str] = "commit"

    def __init__(
        self,
        *,
        options: CommitOptions,
        pins: Pins,
        entries: Sequence[PinOptions],
        root: Path,
        workdir: Path,
        context: CiContext,
        runner: Runner,
        env: Mapping[str, str],
        redact: Redactor,
        now: datetime,
        progress: Progress,
        environment: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._options = options
        self._pins = pins
        self._entries = entries
        self._root = root
        self._workdir = workdir
        self._context = context
        self._runner = runner
        self._env = env
        self._redact = redact
        self._now = now
        self._progress = progress
        self._environment = environment
        self._sleep = sleep

    def plan(self, state: State) -> Sequence[Action]:
        """The files, the branch, the subject and the push; the manifests are read, no git is run."""
        branch, remote = target_branch(self._options, self._context), self._options.remote
        files = self._pins.planned(self._root, state)
        if not files:
            return [Action(step=self.name, kind="decide", summary="nothing to commit: no manifest changes")]
        subject = self._message(self._pins.to_be_delivered(state)).partition("\n")[0]
        when = "the branch doesn't hold the digests already"
        on_top = f"on top of {branch} at {remote}: {subject}"
        return [
            Action(step=self.name, kind="decide", summary=f"commit {', '.join(files)} {on_top}", when=when),
            Action(
                step=self.name,
                kind="command",
                summary=f"push to {branch} at {remote}, never by force",
                argv=("git", *push_arguments(remote, branch, "<commit>", "<head>")),
                when=when,
            ),
        ]

    def run(self, state: State) -> State:
        """Commit and push; where the branch holds everything already, do neither.

        Raises UsageError outside of a checkout, without a branch or remote; IntegrityError where the checkout or the
        branch doesn't hold what was pinned; RemoteError where the remote refuses, or moves on at every try; ToolError
        where git fails.
        """
        held = self._pins.held(self._root, state)
        if not held:
            self._progress.info("nothing to commit: no manifest holds an image of this run")
            return state
        job = self._job(held)
        try:
            commit = self._delivered(job, state)
        finally:
            hand_back(job.git)
        return replace(state, commits=(*state.commits, commit)) if commit else state

    def _job(self, held: Sequence[PinEdit]) -> _Job:
        checkout = checkout_of(self._root)
        if checkout is None:
            message = f"{self._root} is in no git checkout, so nothing can be committed"
            raise UsageError(
                message, hint="check the repository out, or leave the step out by `commit: { mode: none }`"
            )
        env = git_environment(self._env)
        git = Git(self._runner, checkout, settings=SETTINGS, env=env)
        branch, remote = target_branch(self._options, self._context), self._options.remote
        check_branch(git, branch)
        url = remote_url(git, remote)
        learn_login(url, self._redact)
        git = Git(
            self._runner,
            checkout,
            settings=SETTINGS,
            env={**env, **token_variables(git, url, self._env, self._redact)},
        )
        author = self._options.author
        inside = self._root.resolve().relative_to(checkout).as_posix()
        return _Job(
            git=git,
            remote=RemoteBranch(git, remote, branch, own=branch == self._context.checked_out),
            repository=web_address(url) or remote,
            prefix="" if inside == "." else f"{inside}/",
            held=held,
            identity=identity(
                git, (author.name, author.email) if author else None, on_github=self._context.platform == "github"
            ),
        )

    def _delivered(self, job: _Job, state: State) -> Commit | None:
        """Try until the commit is on the branch, or the branch needs none."""
        made: dict[str, Commit] = {}
        for attempt in count(1):
            came = self._attempt(job, state, made)
            if not isinstance(came, Refusal):
                return came
            if attempt == ATTEMPTS:
                message = f"{job.remote} took none of {ATTEMPTS} tries, and nothing is committed; git says:{came.said}"
                raise RemoteError(message, hint=came.hint)
            self._wait(job, came, attempt)
        raise AssertionError

    def _wait(self, job: _Job, refusal: Refusal, attempt: int) -> None:
        """Longer from time to time, and never as long as others wait."""
        pause = min(_FIRST_WAIT * 2 ** (attempt - 1), _LONGEST_WAIT) * random.uniform(0.5, 1.5)  # noqa: S311 no secret
        why = "has moved on" if refusal.kind == "moved" else "doesn't answer well"
        self._progress.info(f"{job.remote} {why}; trying again on what it holds then, in {pause:.1f} s")
        self._progress.debug(f"git said:{refusal.said}")
        self._sleep(pause)

    def _attempt(self, job: _Job, state: State, made: dict[str, Commit]) -> Commit | Refusal | None:
        """One try on the branch's head as it is now. `made`: the commits of earlier tries, whose reply may be lost."""
        head = job.remote.head()
        if isinstance(head, Refusal):
            return head
        if head in made:
            return self._told(job, made[head])
        with self._directory() as directory:
            commit = self._made(job, state, head, directory)
        if commit is None:
            self._progress.info(f"nothing to commit: {job.remote} holds every digest already")
            self._follow(job, head, {edit.file for edit in job.held})
            return None
        made[commit.revision] = commit
        refusal = job.remote.push(commit.revision, head)
        return refusal or self._told(job, commit)

    def _made(self, job: _Job, state: State, head: str, directory: Path) -> Commit | None:
        """The commit on top of this head, in the checkout's objects and nowhere else; None where it would be empty."""
        worktree = Worktree(job.git, directory, job.prefix)
        patterns = {pattern for entry in self._entries for pattern in entry.files}
        worktree.check_out(head, patterns, {edit.file for edit in job.held})
        edits = self._pins.pinned(worktree.root, state, job.held, f"{job.remote} ({head[:12]})")
        changed = [edit for edit in edits if edit.old != edit.new]
        if not changed:
            return None
        self._warn_of_others(state, changed)
        files = sorted({edit.file for edit in changed})
        message = self._message(self._pins.delivered(changed, state))
        return Commit(
            repository=job.repository,
            branch=job.remote.branch,
            revision=worktree.commit(head, files, message, job.identity),
            files=tuple(files),
            environment=self._environment,
            at=self._now.isoformat(timespec="seconds"),
        )

    def _warn_of_others(self, state: State, changed: Sequence[PinEdit]) -> None:
        """Another digest came into one of our places while this run was at work: ours replaces it, with a word."""
        known = {(edit.file, edit.new): edit.old for edit in state.pins}
        for edit in changed:
            if "@" in edit.old and known.get((edit.file, edit.new), edit.old) != edit.old:
                message = f"{edit.file}:{edit.line}: {edit.old} came meanwhile, and {edit.new} takes its place"
                self._progress.warn(neutralise(message))

    def _told(self, job: _Job, commit: Commit) -> Commit:
        self._progress.info(f"{commit.revision[:12]} is on {job.remote}: {', '.join(commit.files)}")
        self._follow(job, commit.revision, commit.files)
        return commit

    def _follow(self, job: _Job, revision: str, files: Collection[str]) -> None:
        if self._context.checked_out == job.remote.branch and not follow(
            job.git, job.remote.branch, revision, [f"{job.prefix}{name}" for name in files]
        ):
            self._progress.info(f"the checkout stays where it is: `git pull` brings it to {job.remote}")

    def _message(self, delivered: Sequence[Delivered]) -> str:
        options = self._options
        return commit_message(
            options.message, delivered, self._context, environment=self._environment, skip_ci=options.skip_ci
        )

    @contextmanager
    def _directory(self) -> Iterator[Path]:
        """A directory of our own below the workdir, which one run holds at a time; what a killed one left goes."""
        for left in self._workdir.glob(f"{_OURS}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_OURS, dir=self._workdir, ignore_cleanup_errors=True) as name:
            yield Path(name).resolve()


def target_branch(options: CommitOptions, context: CiContext) -> str:
    """The branch that gets the commit: for a git tag the default one.

    Raises UsageError where neither config nor checkout nor CI system names one.
    """
    branch = options.branch or context.checked_out or context.branch
    if branch is None and context.tag:
        branch = context.default_branch
    if branch is None:
        what = "a pull request is built" if context.pull_request else "no branch is checked out"
        message = f"{what}, so there is no branch to commit the manifests to"
        raise UsageError(message, hint="name it under `commit.branch`, or leave the step out by `--steps`")
    return branch
