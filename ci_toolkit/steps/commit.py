"""The commit: pinned manifests onto a branch, on top of whatever it holds by then, nobody's work lost or swept in."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.commits.remote import check_branch, push_arguments
from ci_toolkit.commits.tries import tried
from ci_toolkit.model.plan import Action
from ci_toolkit.model.request import is_request_branch, request_branch
from ci_toolkit.steps.commit_making import Making
from ci_toolkit.steps.commit_push import Push
from ci_toolkit.steps.commit_request import Requested

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from ci_toolkit.config.options import CommitOptions, PinOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import State
    from ci_toolkit.steps.commit_making import Job, Way
    from ci_toolkit.steps.commit_pins import Pins
    from ci_toolkit.steps.commit_place import CommitPlace
    from ci_toolkit.steps.requests import RequestHosts


class CommitStep:
    """Commits the places that `pins` tell of, in the files of `place` that `entries` name.

    `workdir` gets temporary files, gone when the step ends. `sleep` is for tests to replace.
    """

    name: ClassVar[str] = "commit"

    def __init__(
        self,
        *,
        options: CommitOptions,
        place: CommitPlace,
        pins: Pins,
        entries: Sequence[PinOptions],
        workdir: Path,
        context: CiContext,
        now: datetime,
        progress: Progress,
        environment: str | None = None,
        requests: RequestHosts | None = None,
        purpose: str = "pin",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`requests`: where the commit is requested to be merged; None: it is pushed onto its branch."""
        self._options = options
        self._place = place
        self._pins = pins
        self._context = context
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
        branch, remote = self._place.branch, self._place.remote
        files = self._place.planned(self._pins, state)
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
        held = self._place.held(self._pins, state)
        if not held:
            self._progress.info("nothing to commit: no manifest holds an image of this run")
            return state
        with self._place.opened(held) as job, self._way(job) as way:
            commit = tried(lambda: way.attempt(state), way.branch, self._progress, sleep=self._sleep)
        if commit is None or any(replace(known, at=commit.at) == commit for known in state.commits):
            return state
        return replace(state, commits=(*state.commits, commit))

    def _why_none(self) -> str:
        """A request's own branch starts no further request: its pipelines would go round in circles."""
        here = self._place.running_on
        if self._requests is None or not is_request_branch(self._options.request_prefix, here):
            return ""
        return f"{here} is the branch of a request itself"

    def _request_branch(self, target: str) -> str:
        return request_branch(self._options.request_prefix, self._purpose, target, directory=self._place.scope)

    def _planned_push(self, branch: str, summary: str, when: str) -> Action:
        argv = ("git", *push_arguments(self._place.remote, branch, "<commit>", "<head>"))
        return Action(step=self.name, kind="command", summary=summary, argv=argv, when=when)

    @contextmanager
    def _way(self, job: Job) -> Iterator[Way]:
        """How the commit gets there. For a request the host has to let us in before anything else is done."""
        if self._requests is None:
            yield Push(job, self._making, self._progress, checked_out=self._place.checked_out == job.remote.branch)
            return
        source = self._request_branch(job.remote.branch)
        check_branch(job.git, source)
        with self._requests.at(job.address) as host:
            yield Requested(
                job,
                self._making,
                self._progress,
                host=host,
                branch=job.remote.sibling(source),
                run_url=self._context.run_url,
            )
