"""`ci-toolkit plan`: `run --dry-run` by a name people look for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.pipeline import STEPS

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("plan", epilog="Example: ci-toolkit plan --format json")
@click.option("--steps", default=",".join(STEPS), show_default=True, help="Which steps, separated by commas.")
@with_settings(judges=True)
def command(settings: Settings, steps: str) -> None:
    """Show every command and request a run would make, in order; no engine, no registry, no file is touched."""
    execute(replace(settings, dry_run=True), steps.split(","), as_run=True)
