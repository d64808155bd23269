"""Makes the scan out of a session: Trivy as the config wants it, and the step that judges what it finds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import click

from ci_toolkit.errors import UsageError
from ci_toolkit.model.findings import Severity
from ci_toolkit.model.text import neutral_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.scanners.trivy import Trivy
    from ci_toolkit.scanners.trivy_server import TrivyServer
    from ci_toolkit.state import ImageState, State
    from ci_toolkit.steps.baseline import Baselines
    from ci_toolkit.steps.quarantine import Quarantine, Registries
    from ci_toolkit.steps.scan import ScanStep
    from ci_toolkit.steps.scan_targets import Scannable


def scan_step(
    session: Session,
    images: Sequence[Scannable],
    *,
    save: Callable[[State], None],
    show: Callable[[ImageFindings, ImageState, Decision], None],
    quarantine: Quarantine | None = None,
    elsewhere: Mapping[str, Quarantine] | None = None,
    baselines: Baselines | None = None,
) -> ScanStep:
    """The step that scans these images under the session's policy; the rest as for `ScanStep`."""
    from ci_toolkit.steps.scan import ScanStep

    return ScanStep(
        images,
        scanner=_scanner(session),
        policy=session.config.scan.gate,
        policy_hash=session.config.policy_hash,
        policy_from=session.policy_from,
        root=session.config.root,
        workdir=session.workdir,
        clock=utc_now,
        progress=session.progress,
        save=save,
        quarantine=quarantine,
        elsewhere=elsewhere,
        baselines=baselines,
        partial={image.name for image in images} != set(session.config.images),
        show=show,
    )


def baselines_of(session: Session, registries: Callable[[], Registries]) -> Baselines | None:
    """What is deployed now, as the policy says where to find that; None where everything found counts."""
    options, config = session.config.scan.baseline, session.config
    if options is None:
        return None
    from ci_toolkit.steps.baseline import Baselines, Manifests

    environment = config.environments.get(options.environment or "")
    entries = environment.pin if environment else config.pin

    @cache
    def root() -> Path:
        if session.other is None:
            return config.root
        return session.other.reach([pattern for entry in entries for pattern in entry.files])

    return Baselines(
        options,
        config.images,
        Manifests(entries=entries, repositories=environment.repositories if environment else {}, root=root),
        root=config.root,
        registries=registries(),
        progress=session.progress,
        policy_from=session.policy_from,
    )


def print_cache(settings: Settings) -> None:
    """What CI may keep of scans, as `NAME=VALUE` lines or JSON; nothing is asked and nothing written."""
    from ci_toolkit.cli.session import session
    from ci_toolkit.scanners.kept import KeptCache
    from ci_toolkit.scanners.trivy import cache_directory

    with session(settings, writes=False, asks=False, needs_config=False) as opened:
        repositories = opened.config.scan.database.repositories
        kept = KeptCache.of(cache_directory(opened.env).absolute(), repositories, utc_now().date()).as_json()
    if settings.format == "json":
        click.echo(neutral_json(kept))
    else:
        click.echo("\n".join(f"{name}={value}" for name, value in kept.items()))


def utc_now() -> datetime:
    """The time, as every part of a scan is told it."""
    return datetime.now(UTC)


def _scanner(session: Session) -> Trivy:
    from ci_toolkit.scanners.trivy import Trivy, cache_directory

    options, kept = session.config.scan, cache_directory(session.env)
    _refuse_planted(session, kept)
    return Trivy(
        session.runner,
        cache=kept,
        repositories=options.database.repositories,
        max_age=options.database.max_age,
        timeout=options.timeout,
        image=options.trivy_image,
        categories=options.look_for,
        low_secrets=options.gate.counts("secret", Severity.LOW),
        clock=utc_now,
        progress=session.progress,
        server=_server(session),
    )


def _refuse_planted(session: Session, kept: Path) -> None:
    """A cache below the project is for CI to fill: what the change brought would be the change's own word."""
    from ci_toolkit.git import Git, checkout_of, tracks

    checkout = checkout_of(kept)
    if checkout and tracks(Git(session.runner, checkout), kept):
        message = f"{kept} is in git, and what the scanner knows isn't for a change to say"
        raise UsageError(message, hint="remove it from the repository, or let XDG_CACHE_HOME name another directory")


def _server(session: Session) -> TrivyServer | None:
    options = session.config.scan.server
    if options is None:
        return None
    from ci_toolkit.scanners.trivy_server import TrivyServer

    if options.token == "" and not session.settings.dry_run:
        message = "scan.server.token: its variable isn't set, or is empty"
        raise UsageError(message, hint="give the token to the job that scans, and to no other")
    session.redact.add(options.token or "")
    return TrivyServer(url=options.url, token=options.token or "", env=session.env)
