"""`ci-toolkit sarif`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("sarif", epilog="Example: ci-toolkit sarif")
@with_settings(judges=True)
def command(settings: Settings) -> None:
    """Write the SARIF reports of the last scan, whatever its verdict."""
    execute(settings, ["sarif"])
