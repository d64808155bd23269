"""`ci-toolkit scan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.cli.wiring import Wishes

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("scan", epilog="Example: ci-toolkit scan --image backend --output json")
@click.option(
    "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Form of the findings."
)
@with_settings(judges=True)
def command(settings: Settings, output: Literal["table", "json"]) -> None:
    """Scan every platform of the built images and evaluate the gate; exit 1 if it says no."""
    execute(settings, ["scan"], Wishes(findings="json" if settings.format == "json" else output))
