"""Makes the step that commits pinned manifests: a run's own, or those of a promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.config.options import PinOptions
    from ci_toolkit.steps.base import Step
    from ci_toolkit.steps.commit import CommitStep
    from ci_toolkit.steps.commit_pins import Pins
    from ci_toolkit.steps.pin import TargetOf


def wants_commit(session: Session) -> bool:
    """Whether a run commits its own pins; raises UsageError where it does, and no branch is known.

    A proposal's run has none, and leaves the step out.
    """
    config = session.config
    if config.commit.mode == "none" or not config.pin:
        return False
    if not session.context.is_proposal:
        from ci_toolkit.steps.commit import target_branch

        target_branch(config.commit, session.context)
    return True


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
        )

    return commit_step(session, Pins(pin, session.images), session.config.pin, now)


def commit_step(
    session: Session, pins: Pins, entries: Sequence[PinOptions], now: datetime, environment: str | None = None
) -> CommitStep:
    """The step that commits these pins, which these entries of the config ask for."""
    from ci_toolkit.steps.commit import CommitStep

    return CommitStep(
        options=session.config.commit,
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
    )
