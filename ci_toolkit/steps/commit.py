"""The commit: pinned manifests onto a branch, on top of whatever it holds by then, nobody's work lost or swept in."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.ci.git import checkout_of, web_address
from ci_toolkit.commits.access import SETTINGS, git_environment, learn_login, token_variables
from ci_toolkit.commits.checkout import hand_back
from ci_toolkit.commits.identity import identity
from ci_toolkit.commits.refusal import Refusal
from ci_toolkit.commits.remote import RemoteBranch, check_branch, push_arguments, remote_url
from ci_toolkit.errors import RemoteError, UsageError
from ci_toolkit.git import Git
from ci_toolkit.model.plan import Action
from ci_toolkit.model.request import is_request_branch, request_branch
from ci_toolkit.steps.commit_making import Job, Making
from ci_toolkit.steps.commit_push import Push
from ci_toolkit.steps.commit_request import Requested

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from ci_toolkit.config.options import CommitOptions, PinOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor
    from ci_toolkit.state import Commit, PinEdit, State
    from ci_toolkit.steps.commit_making import Way
    from ci_toolkit.steps.commit_pins import Pins
    from ci_toolkit.steps.requests import RequestHosts

ATTEMPTS = 10
"""Each refusal of a moved branch is another's commit: ten runs at once all get theirs in."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0


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
        requests: RequestHosts | None = None,
        purpose: str = "pin",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`requests`: where the commit is requested to be merged; None: it is pushed onto its branch."""
        self._options = options
        self._pins = pins
        self._root = root
        self._context = context
        self._runner = runner
        self._env = env
        self._redact = redact
        self._progress = progress
        self._requests = requests
        self._purpose = purpose
        self._sleep = sleep
        self._making = Making(
            options=options,
            pins=pins,
            entries=entries,
            workdir=workdir,
            context=context,
            now=now,
            progress=progress,
            environment=environment,
        )

    def plan(self, state: State) -> Sequence[Action]:
        """The files, the branch, the subject, the push and the request; the manifests are read, no git is run."""
        branch, remote = target_branch(self._options, self._context), self._options.remote
        files = self._pins.planned(self._root, state)
        why = self._why_none() if files else "no manifest changes"
        if why:
            return [Action(step=self.name, kind="decide", summary=f"nothing to commit: {why}")]
        subject = self._making.message(self._pins.to_be_delivered(state)).partition("\n")[0]
        when = "the branch doesn't hold the digests already"
        on_top = f"on top of {branch} at {remote}: {subject}"
        committed = Action(step=self.name, kind="decide", summary=f"commit {', '.join(files)} {on_top}", when=when)
        if self._requests is None:
            return [committed, self._planned_push(branch, f"push to {branch} at {remote}, never by force", when)]
        source = self._request_branch(branch)
        replaced = f"push to {source} at {remote}, in place of an earlier commit of ours there and nothing else"
        look, *rest = self._requests.plan(self.name, source, branch)
        return [look, committed, self._planned_push(source, replaced, when), *rest]

    def run(self, state: State) -> State:
        """Commit and push, and see to the request; where the branch holds everything already, do nothing.

        Raises UsageError outside of a checkout, without a branch or remote, or where no request can be opened;
        IntegrityError where the checkout or the branch doesn't hold what was pinned; RemoteError where the remote
        refuses, or moves on at every try; ToolError where git fails.
        """
        if why := self._why_none():
            self._progress.info(f"nothing to commit: {why}")
            return state
        held = self._pins.held(self._root, state)
        if not held:
            self._progress.info("nothing to commit: no manifest holds an image of this run")
            return state
        job = self._job(held)
        try:
            with self._way(job) as way:
                commit = self._delivered(way, state)
        finally:
            hand_back(job.git)
        if commit is None or any(replace(known, at=commit.at) == commit for known in state.commits):
            return state
        return replace(state, commits=(*state.commits, commit))

    def _why_none(self) -> str:
        """A request's own branch starts no further request: its pipelines would go round in circles."""
        here = self._context.branch or self._context.checked_out
        if self._requests is None or not is_request_branch(self._options.request_prefix, here):
            return ""
        return f"{here} is the branch of a request itself"

    def _request_branch(self, target: str) -> str:
        checkout = checkout_of(self._root)
        inside = self._root.resolve().relative_to(checkout).as_posix() if checkout else ""
        return request_branch(self._options.request_prefix, self._purpose, target, directory=inside)

    def _planned_push(self, branch: str, summary: str, when: str) -> Action:
        argv = ("git", *push_arguments(self._options.remote, branch, "<commit>", "<head>"))
        return Action(step=self.name, kind="command", summary=summary, argv=argv, when=when)

    def _job(self, held: Sequence[PinEdit]) -> Job:
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
        return Job(
            git=git,
            remote=RemoteBranch(git, remote, branch, own=branch == self._context.checked_out),
            address=web_address(url),
            prefix="" if inside == "." else f"{inside}/",
            held=held,
            identity=identity(
                git, (author.name, author.email) if author else None, on_github=self._context.platform == "github"
            ),
        )

    @contextmanager
    def _way(self, job: Job) -> Iterator[Way]:
        """How the commit gets there. For a request the host has to let us in before anything else is done."""
        if self._requests is None:
            yield Push(job, self._making, self._progress, checked_out=self._context.checked_out == job.remote.branch)
            return
        source = self._request_branch(job.remote.branch)
        check_branch(job.git, source)
        with self._requests.at(job.address) as host:
            yield Requested(
                job,
                self._making,
                self._progress,
                host=host,
                branch=RemoteBranch(job.git, self._options.remote, source, own=False),
                run_url=self._context.run_url,
            )

    def _delivered(self, way: Way, state: State) -> Commit | None:
        """Try until the commit is on the branch, or the branch needs none."""
        for attempt in count(1):
            came = way.attempt(state)
            if not isinstance(came, Refusal):
                return came
            if attempt == ATTEMPTS:
                message = f"{way.branch} took none of {ATTEMPTS} tries, and nothing is committed; git says:{came.said}"
                raise RemoteError(message, hint=came.hint)
            self._wait(way, came, attempt)
        raise AssertionError

    def _wait(self, way: Way, refusal: Refusal, attempt: int) -> None:
        """Longer from time to time, and never as long as others wait."""
        pause = min(_FIRST_WAIT * 2 ** (attempt - 1), _LONGEST_WAIT) * random.uniform(0.5, 1.5)  # noqa: S311 no secret
        why = "has moved on" if refusal.kind == "moved" else "doesn't answer well"
        self._progress.info(f"{way.branch} {why}; trying again on what it holds then, in {pause:.1f} s")
        self._progress.debug(f"git said:{refusal.said}")
        self._sleep(pause)


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
