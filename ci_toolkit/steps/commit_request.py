"""The commit's way through a review: onto a branch of its own, and a request to merge that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.commits.own import Own
from ci_toolkit.commits.refusal import Refusal
from ci_toolkit.model.request import Draft, cut_title, marked
from ci_toolkit.report.request import request_description
from ci_toolkit.state import CommitRequest

if TYPE_CHECKING:
    from ci_toolkit.commits.remote import RemoteBranch
    from ci_toolkit.model.request import Request
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import Commit, State
    from ci_toolkit.steps.commit_making import Job, Made, Making
    from ci_toolkit.steps.requests import RequestHost


class Requested:
    """Brings one job's pins into the one open request of its branch.

    What this tool itself put onto the branch and nobody touched is replaced by a new commit on the target's head.
    Anything else stays, and the commit goes on top of it.
    """

    def __init__(
        self,
        job: Job,
        making: Making,
        progress: Progress,
        *,
        host: RequestHost,
        branch: RemoteBranch,
        run_url: str | None,
    ) -> None:
        self._job = job
        self._making = making
        self._progress = progress
        self._host = host
        self._branch = branch
        self._run_url = run_url
        self._made: dict[str, Made] = {}
        """The commits of earlier tries, whose reply may be lost."""

    @property
    def branch(self) -> RemoteBranch:
        """The request's branch."""
        return self._branch

    def attempt(self, state: State) -> Commit | Refusal | None:
        """One try on what both branches hold now; None where the target holds everything, or nobody's commit is ours.

        The host is asked for an open request before anything is pushed: what doesn't let us in there, stops it here.
        """
        job, into = self._job, self._job.remote
        head, there = into.head(), self._branch.find()
        if isinstance(head, Refusal):
            return head
        if isinstance(there, Refusal):
            return there
        made = self._making.on(job, state, head, self._branch, into=into.branch)
        if made is None:
            self._progress.info(f"nothing to commit: {into} holds every digest already")
            return None
        is_open = self._host.find(self._branch.branch, into.branch)
        if there is None:
            return self._pushed(made, "", made, is_open, state)
        if earlier := self._made.get(there):
            return self._requested(earlier, made, is_open)
        return self._renewed(state, made, there, is_open)

    def _renewed(self, state: State, made: Made, there: str, is_open: Request | None) -> Commit | Refusal | None:
        """The branch is there: leave it, replace what is ours, or commit on top of what isn't."""
        own = Own(self._job.git, there)
        names = {image.name for image in made.delivered}
        files = {f"{self._job.prefix}{edit.file}" for edit in self._job.held}
        replaceable = own.is_only_pins(
            self._job.identity, self._job.remote.branch, names, files, self._making.environment
        )
        if replaceable and is_open and own.holds_the_same(made.commit.revision, self._in_checkout(made)):
            return self._left(made, there, is_open, ours=True)
        if replaceable or (not is_open and self._was_merged(there)):
            return self._pushed(made, there, made, is_open, state)
        on_top = self._making.on(self._job, state, there, self._branch)
        if on_top is None:
            return self._left(made, there, is_open, ours=own.is_untouched(self._job.identity))
        self._progress.info(f"{self._branch} has commits of others, which stay: the pins go on top of them")
        return self._pushed(on_top, there, made, is_open, state)

    def _in_checkout(self, made: Made) -> list[str]:
        return [f"{self._job.prefix}{name}" for name in made.commit.files]

    def _was_merged(self, revision: str) -> bool:
        return self._host.was_merged(self._branch.branch, self._job.remote.branch, revision)

    def _pushed(
        self, made: Made, there: str, against_target: Made, is_open: Request | None, state: State
    ) -> Commit | Refusal:
        """Move the branch from where it was, empty for a new one, and see to the request."""
        if made is against_target:
            self._making.warn_of_others(state, made)
        self._made[made.commit.revision] = made
        refusal = self._branch.push(made.commit.revision, there)
        if refusal:
            return refusal
        self._progress.info(f"{made.commit.revision[:12]} is on {self._branch}: {', '.join(made.commit.files)}")
        return self._requested(made, against_target, is_open)

    def _requested(self, made: Made, against_target: Made, is_open: Request | None) -> Commit:
        draft = self._draft(against_target, made.commit.revision)
        request = self._host.update(is_open, draft) if is_open else self._host.open(draft)
        self._progress.info(f"{'updated' if is_open else 'opened'}: {request.url}")
        return _with(made.commit, request)

    def _left(self, made: Made, there: str, is_open: Request | None, *, ours: bool) -> Commit | None:
        """The branch holds the pins already; so does its request, unless a run was broken off in between."""
        if is_open and is_open.told == there:
            self._progress.info(f"nothing to do: the pins are requested already: {is_open.url}")
            request = is_open
        else:
            draft = self._draft(made, there)
            request = self._host.update(is_open, draft) if is_open else self._host.open(draft)
            self._progress.info(f"{'updated' if is_open else 'opened'}: {request.url}")
        return _with(replace(made.commit, revision=there), request) if ours else None

    def _draft(self, against_target: Made, revision: str) -> Draft:
        text = request_description(
            against_target.delivered, against_target.edits, prefix=self._job.prefix, run_url=self._run_url
        )
        return Draft(
            source=self._branch.branch,
            target=self._job.remote.branch,
            title=cut_title(against_target.message.partition("\n")[0]),
            description=marked(text, revision),
        )


def _with(commit: Commit, request: Request) -> Commit:
    return replace(commit, request=CommitRequest(number=request.number, url=request.url))
