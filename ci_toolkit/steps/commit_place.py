"""The repository whose manifests are pinned: the config's own checkout, or another one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from ci_toolkit.ci.git import web_address
from ci_toolkit.commits.access import SETTINGS, git_environment
from ci_toolkit.commits.checkout import hand_back
from ci_toolkit.commits.identity import identity
from ci_toolkit.commits.login import Login, logged_in
from ci_toolkit.commits.remote import RemoteBranch, check_branch, fetch_arguments, remote_url
from ci_toolkit.commits.signing import UNSIGNED, signature
from ci_toolkit.errors import UsageError
from ci_toolkit.git import Git, checkout_of
from ci_toolkit.model.plan import Action
from ci_toolkit.steps.commit_making import Job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ci_toolkit.commits.other import OtherRepository
    from ci_toolkit.commits.signing import Signature
    from ci_toolkit.config.options import CommitOptions, PinOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.process import Runner
    from ci_toolkit.redact import Redactor
    from ci_toolkit.state import PinEdit, State
    from ci_toolkit.steps.commit_pins import Pins


class CommitPlace(Protocol):
    """Where pins are looked up and committed."""

    @property
    def branch(self) -> str:
        """The branch that gets them. Raises UsageError where nobody knows one."""

    @property
    def remote(self) -> str:
        """The git remote's name, or its address."""

    @property
    def checked_out(self) -> str | None:
        """The branch that is checked out, and follows the commit."""

    @property
    def running_on(self) -> str | None:
        """The branch of this repository that the run is for."""

    @property
    def scope(self) -> str:
        """What tells its request branches from others' in the same repository."""

    def planned(self, pins: Pins, state: State) -> list[str]:
        """The files that hold the images, or patterns where they are, as far as anyone can tell before the run."""

    def held(self, pins: Pins, state: State) -> list[PinEdit]:
        """The places that the commit is about. Raises as `CommitStep.run`."""

    def opened(self, held: Sequence[PinEdit]) -> AbstractContextManager[Job]:
        """What commits are made with until the block ends. Raises as `CommitStep.run`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCheckout:
    """The config's own repository, checked out; `root` is the config's directory."""

    options: CommitOptions
    root: Path
    context: CiContext
    runner: Runner
    env: Mapping[str, str]
    redact: Redactor

    @property
    def branch(self) -> str:
        """See `CommitPlace`."""
        return target_branch(self.options, self.context)

    @property
    def remote(self) -> str:
        """See `CommitPlace`."""
        return self.options.remote

    @property
    def checked_out(self) -> str | None:
        """See `CommitPlace`."""
        return self.context.checked_out

    @property
    def running_on(self) -> str | None:
        """See `CommitPlace`."""
        return self.context.branch or self.context.checked_out

    @property
    def scope(self) -> str:
        """The config's directory within the checkout."""
        checkout = checkout_of(self.root)
        return self._inside(checkout) if checkout else ""

    def planned(self, pins: Pins, state: State) -> list[str]:
        """See `CommitPlace`; the manifests are read."""
        return pins.planned(self.root, state)

    def held(self, pins: Pins, state: State) -> list[PinEdit]:
        """See `CommitPlace`: what `pin` wrote."""
        return pins.held(self.root, state)

    @contextmanager
    def opened(self, held: Sequence[PinEdit]) -> Iterator[Job]:
        """See `CommitPlace`."""
        checkout = checkout_of(self.root)
        if checkout is None:
            message = f"{self.root} is in no git checkout, so nothing can be committed"
            raise UsageError(
                message, hint="check the repository out, or leave the step out by `commit: { mode: none }`"
            )
        plain = Git(self.runner, checkout, settings=SETTINGS, env=git_environment(self.env))
        branch, inside = self.branch, self._inside(checkout)
        check_branch(plain, branch)
        url = remote_url(plain, self.remote)
        login = login_of(self.options)
        with (
            _signature(self.options, self.runner, self.redact) as signed,
            logged_in(self.runner, checkout, url, login, env=self.env, redact=self.redact, signature=signed) as git,
        ):
            try:
                yield Job(
                    git=git,
                    remote=RemoteBranch(git, self.remote, branch, own=branch == self.checked_out),
                    address=web_address(url),
                    prefix="" if inside == "." else f"{inside}/",
                    held=held,
                    identity=_identity(git, self.options, self.context),
                    signing=signed.flags,
                )
            finally:
                hand_back(git)

    def _inside(self, checkout: Path) -> str:
        return self.root.resolve().relative_to(checkout).as_posix()


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """Another repository, in which `entries` name files relative to its top."""

    other: OtherRepository
    options: CommitOptions
    entries: Sequence[PinOptions]
    context: CiContext
    runner: Runner
    redact: Redactor
    checked_out: None = None
    running_on: None = None

    @property
    def branch(self) -> str:
        """See `CommitPlace`."""
        return self.other.branch

    @property
    def remote(self) -> str:
        """See `CommitPlace`."""
        return self.other.address

    @property
    def scope(self) -> str:
        """The project that the images are built from: others may deliver into the same repository."""
        return urlsplit(self.context.source_url or "").path

    @property
    def patterns(self) -> list[str]:
        """What names the files."""
        return sorted({pattern for entry in self.entries for pattern in entry.files})

    def planned(self, pins: Pins, state: State) -> list[str]:
        """See `CommitPlace`: which files these are is known once the repository was reached."""
        return pins.planned(self.other.tree, state) if self.other.tree else self.patterns

    def held(self, pins: Pins, state: State) -> list[PinEdit]:
        """See `CommitPlace`: the places on the branch's newest commit, as it was when it was reached."""
        tree = self.other.tree or self.other.reach(self.patterns)
        return pins.pinned(tree, state, (), str(self.other))

    def look(self, step: str) -> Action:
        """The one look at the repository that a plan doesn't take."""
        argv = ("git", *fetch_arguments(self.remote, self.branch))
        return Action(step=step, kind="command", summary=f"fetch {self.other}, to look for its manifests", argv=argv)

    @contextmanager
    def opened(self, held: Sequence[PinEdit]) -> Iterator[Job]:
        """See `CommitPlace`."""
        with _signature(self.options, self.runner, self.redact) as signed, self.other.connected(signed) as git:
            remote = self.other.remote(git)
            check_branch(git, remote.branch)
            yield Job(
                git=git,
                remote=remote,
                address=web_address(self.remote),
                prefix="",
                held=held,
                identity=_identity(git, self.options, self.context),
                signing=signed.flags,
            )


def login_of(options: CommitOptions) -> Login:
    """What the config states of the login to the repository that is committed to."""
    return Login(token=options.token, ssh_key=options.ssh_key, known_hosts=options.known_hosts)


def target_branch(options: CommitOptions, context: CiContext) -> str:
    """The branch of the config's own repository that gets the commit: for a git tag the default one.

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


@contextmanager
def _signature(options: CommitOptions, runner: Runner, redact: Redactor) -> Iterator[Signature]:
    if options.signing is None:
        yield UNSIGNED
        return
    with signature(options.signing.format, options.signing.key, runner, redact) as made:
        yield made


def _identity(git: Git, options: CommitOptions, context: CiContext) -> Mapping[str, str]:
    author = options.author
    stated = (author.name, author.email) if author else None
    return identity(git, stated, on_github=context.platform == "github")
