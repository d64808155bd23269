"""Makes the step that commits pinned manifests: a run's own, or those of a promotion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.commits.other import OtherRepository
    from ci_toolkit.config.options import PinOptions
    from ci_toolkit.steps.base import Step
    from ci_toolkit.steps.commit import CommitStep
    from ci_toolkit.steps.commit_pins import Pins
    from ci_toolkit.steps.commit_place import CommitPlace, Elsewhere
    from ci_toolkit.steps.pin import TargetOf
    from ci_toolkit.steps.requests import RequestHosts


def wants_commit(session: Session) -> bool:
    """Whether a run commits its own pins; raises UsageError where it does, and no branch is known, a secret isn't
    there, or no request could be opened.

    A proposal's run has none, and leaves the step out.
    """
    config = session.config
    if config.commit.mode == "none" or not config.pin:
        return False
    if not session.context.is_proposal:
        if session.other is None:
            from ci_toolkit.steps.commit_place import target_branch

            target_branch(config.commit, session.context)
        if not session.settings.dry_run and session.trust.allows("commit"):
            require_access(session)
    return True


def require_access(session: Session) -> None:
    """Raise UsageError where the variables tell already that nothing can be committed: before a long build."""
    from ci_toolkit.commits.keys import given

    options = session.config.commit
    signing = options.signing.key if options.signing else None
    for option, value in (("token", options.token), ("ssh-key", options.ssh_key), ("signing.key", signing)):
        if value is not None:
            given(value, option)
    if options.mode == "pull-request" and (error := _requests(session, datetime.now(UTC)).hindrance()):
        raise error


def run_step(session: Session, now: datetime) -> Step:
    """The step that commits what a run pinned under its own `pin`."""
    from ci_toolkit.progress import Silent
    from ci_toolkit.steps.commit_pins import Pins
    from ci_toolkit.steps.pin import PinStep

    def pin(root: Path, targets: TargetOf | None) -> Step:
        return PinStep(
            pins=session.config.pin,
            images=session.images,
            root=root,
            progress=Silent(),
            partial=len(session.images) < len(session.config.images),
            targets=targets,
            names=session.config.images,
        )

    images = tuple(session.images) if len(session.images) < len(session.config.images) else ()
    return commit_step(session, Pins(pin, session.images), session.config.pin, now, images=images)


def commit_step(
    session: Session,
    pins: Pins,
    entries: Sequence[PinOptions],
    now: datetime,
    *,
    environment: str | None = None,
    images: Sequence[str] = (),
) -> CommitStep:
    """The step that commits these pins, which these entries of the config ask for.

    `environment`: the one that is promoted to. `images`: those of them that the pins are of, where not all are: a run
    for some images alone is a delivery of its own, and so is its request.
    """
    from ci_toolkit.steps.commit import CommitStep

    options = session.config.commit
    purpose = f"promote-{environment}" if environment else "pin"
    return CommitStep(
        options=options,
        place=_place(session, entries),
        pins=pins,
        entries=entries,
        workdir=session.workdir,
        context=session.context,
        now=now,
        progress=session.progress,
        environment=environment,
        requests=_requests(session, now) if options.mode == "pull-request" else None,
        purpose="-".join([purpose, *images]),
    )


def pin_step(session: Session, entries: Sequence[PinOptions], pin: Callable[[Path], Step]) -> Step:
    """The step that pins these entries where their files are; `pin` makes the one for a directory."""
    if session.other is None:
        return pin(session.config.root)
    from ci_toolkit.steps.pin_elsewhere import PinElsewhere

    return PinElsewhere(_elsewhere(session, session.other, entries), pin)


def _place(session: Session, entries: Sequence[PinOptions]) -> CommitPlace:
    """The repository whose files these entries name."""
    if session.other:
        return _elsewhere(session, session.other, entries)
    from ci_toolkit.steps.commit_place import OwnCheckout

    return OwnCheckout(
        options=session.config.commit,
        root=session.config.root,
        context=session.context,
        runner=session.runner,
        env=session.env,
        redact=session.redact,
    )


def _elsewhere(session: Session, other: OtherRepository, entries: Sequence[PinOptions]) -> Elsewhere:
    from ci_toolkit.steps.commit_place import Elsewhere

    return Elsewhere(
        other=other,
        options=session.config.commit,
        entries=entries,
        context=session.context,
        runner=session.runner,
        redact=session.redact,
    )


def _requests(session: Session, now: datetime) -> RequestHosts:
    """Where requests are opened: the job's own CI system's code host, or the one of the other repository."""
    from ci_toolkit.ci.no_requests import NoRequests

    platform: str = session.context.platform
    env, token = session.env, session.config.commit.token
    if session.other:
        from ci_toolkit.ci.git import web_address
        from ci_toolkit.ci.request_elsewhere import job_there

        try:
            platform, env = job_there(web_address(session.other.address), platform, env)
        except UsageError as error:
            return NoRequests(error)
    if platform == "gitlab":
        from ci_toolkit.ci.gitlab_api import TOKEN
        from ci_toolkit.ci.gitlab_requests import GitLabRequests

        return GitLabRequests(
            env={**env, TOKEN: token} if token else env,
            redact=session.redact,
            progress=session.progress,
            today=now.astimezone(UTC).date(),
            token_name="commit.token" if token else TOKEN,
        )
    if platform == "github":
        from ci_toolkit.ci.github_requests import GitHubRequests

        return GitHubRequests(
            env={**env, "GITHUB_TOKEN": token} if token else env,
            redact=session.redact,
            progress=session.progress,
            token_name="commit.token" if token else "GITHUB_TOKEN",
        )
    return NoRequests()
