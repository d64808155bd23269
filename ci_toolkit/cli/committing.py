"""Makes the step that commits pinned manifests: a run's own, or those of a promotion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.config.options import PinOptions
    from ci_toolkit.steps.base import Step
    from ci_toolkit.steps.commit import CommitStep
    from ci_toolkit.steps.commit_pins import Pins
    from ci_toolkit.steps.pin import TargetOf
    from ci_toolkit.steps.requests import RequestHosts


def wants_commit(session: Session) -> bool:
    """Whether a run commits its own pins; raises UsageError where it does, and no branch is known, or no request
    could be opened.

    A proposal's run has none, and leaves the step out.
    """
    config = session.config
    if config.commit.mode == "none" or not config.pin:
        return False
    if not session.context.is_proposal:
        from ci_toolkit.steps.commit import target_branch

        target_branch(config.commit, session.context)
        if config.commit.mode == "pull-request" and not session.settings.dry_run and session.trust.allows("commit"):
            require_requests(session)
    return True


def require_requests(session: Session) -> None:
    """Raise UsageError where the variables tell already that no request can be opened: before a long build."""
    if error := _requests(session, datetime.now(UTC)).hindrance():
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
        pins=pins,
        entries=entries,
        root=session.config.root,
        workdir=session.workdir,
        context=session.context,
        runner=session.runner,
        env=session.env,
        redact=session.redact,
        now=now,
        progress=session.progress,
        environment=environment,
        requests=_requests(session, now) if options.mode == "pull-request" else None,
        purpose="-".join([purpose, *images]),
    )


def _requests(session: Session, now: datetime) -> RequestHosts:
    """Where this job opens requests: its own CI system's code host."""
    if session.context.platform == "gitlab":
        from ci_toolkit.ci.gitlab_requests import GitLabRequests

        return GitLabRequests(
            env=session.env, redact=session.redact, progress=session.progress, today=now.astimezone(UTC).date()
        )
    if session.context.platform == "github":
        from ci_toolkit.ci.github_requests import GitHubRequests

        return GitHubRequests(env=session.env, redact=session.redact, progress=session.progress)
    from ci_toolkit.ci.no_requests import NoRequests

    return NoRequests()
