"""`ci-toolkit promote`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ci_toolkit import pipeline
from ci_toolkit import state as states
from ci_toolkit.cli.attestations import ATTESTATIONS, read_attestations
from ci_toolkit.cli.committing import require_access
from ci_toolkit.cli.execute import print_plan
from ci_toolkit.cli.publish import published
from ci_toolkit.cli.session import session
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.cli.wiring import Wishes, Workshop
from ci_toolkit.errors import UsageError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.text import neutral_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.config.options import EnvironmentOptions, ImageOptions
    from ci_toolkit.state import State
    from ci_toolkit.steps.promote import Order, PromoteStep


@click.command("promote", epilog="Example: ci-toolkit promote production --dry-run")
@click.argument("to", metavar="ENVIRONMENT")
@click.option("--from", "origin", metavar="FROM", help="`build` or an environment; else the environment's own `from`.")
@click.option("--digest", metavar="DIGEST", help="Promote this digest; with several images, say which by --image.")
@ATTESTATIONS
@click.option(
    "--override", metavar="REASON", help="Promote what didn't pass the gate; the reason is kept in the state."
)
@with_settings(judges=True)
def command(
    settings: Settings,
    to: str,
    origin: str | None,
    digest: str | None,
    attestations: tuple[Path, ...],
    override: str | None,
) -> None:
    """Copy images to an environment by digest, give them its tags, pin its manifests: nothing is rebuilt or pulled."""
    from ci_toolkit.steps.promote import Order

    if override is not None and not override.strip():
        message = "--override wants a reason: it is kept in the state"
        raise UsageError(message)
    with session(settings) as opened:
        environment = _environment(opened, to)
        if settings.dry_run and (why := opened.trust.why_not("promote")):
            print_plan([pipeline.left_out("promote", why)], settings)
            return
        opened.trust.require("promote")
        order = Order(
            to=to,
            origin=origin or environment.source,
            digest=Digest(digest) if digest else None,
            attestations=read_attestations(attestations),
            override=override,
            by=opened.context.actor or opened.env.get("USER") or opened.env.get("LOGNAME"),
        )
        images = _images(opened, environment, order)
        state = opened.fresh_state(building=False)
        if settings.dry_run:
            print_plan(_step(opened, environment, order, images, lambda _: None).plan(state), settings)
            return
        if environment.pin and opened.config.commit.mode != "none":
            require_access(opened)
            if opened.other:
                # Its manifests are looked at before anything is copied, as those of a checkout are.
                opened.other.reach([pattern for entry in environment.pin for pattern in entry.files])
        journal = pipeline.Journal(opened.state_file, state)
        with published(opened, journal, environment=to):
            try:
                with opened.progress.stage("promote"):
                    journal.save(_step(opened, environment, order, images, journal.save).run(state))
            finally:
                _print(opened, journal.state, to)


def _environment(opened: Session, name: str) -> EnvironmentOptions:
    environments = opened.config.environments
    if name not in environments:
        message = f"there is no environment {name!r} in {opened.config.file}"
        known = ", ".join(environments)
        hint = f"the environments are {known}" if known else "state it under `environments`, with its tags"
        raise UsageError(message, hint=hint)
    return environments[name]


def _images(opened: Session, environment: EnvironmentOptions, order: Order) -> Mapping[str, ImageOptions]:
    images = {n: image for n, image in opened.images.items() if n in environment.images or not environment.images}
    if not images:
        message = f"{', '.join(opened.images)}: not among the images of {environment.name}"
        raise UsageError(message, hint=f"its images are {', '.join(environment.images)}")
    if order.digest and len(images) > 1:
        message = f"--digest is one image's, and {environment.name} has {', '.join(images)}"
        raise UsageError(message, hint="say which by --image")
    return images


def _step(
    opened: Session,
    environment: EnvironmentOptions,
    order: Order,
    images: Mapping[str, ImageOptions],
    save: Callable[[State], None],
) -> PromoteStep:
    from ci_toolkit.cli.promoted_manifests import Manifests
    from ci_toolkit.steps.promote import PromoteStep

    now = datetime.now(UTC)
    manifests = Manifests(opened, environment, images, now)
    return PromoteStep(
        images=images,
        environments=opened.config.environments,
        order=order,
        registries=Workshop(opened, save, Wishes()).destinations(),
        context=opened.context,
        policy=opened.config.scan.gate,
        policy_hash=opened.config.policy_hash,
        now=now,
        progress=opened.progress,
        save=save,
        pin=manifests.pin if environment.pin else None,
        commit=manifests.commit if environment.pin and opened.config.commit.mode != "none" else None,
    )


def _print(opened: Session, state: State, environment: str) -> None:
    if opened.settings.format == "json":
        click.echo(opened.redact(neutral_json(states.as_json(state))))
    elif not opened.settings.quiet:
        from ci_toolkit.report.promotions import promotions_text

        if text := promotions_text(state, environment):
            click.echo(opened.redact(text))
