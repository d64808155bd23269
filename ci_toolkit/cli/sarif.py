"""`ci-toolkit sarif`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.code_scanning import UPLOAD_SARIF
from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.cli.wiring import Wishes

if TYPE_CHECKING:
    from ci_toolkit.cli.code_scanning import Mode
    from ci_toolkit.cli.settings import Settings


@click.command("sarif", epilog="Example: ci-toolkit sarif --upload-sarif always")
@UPLOAD_SARIF
@with_settings(judges=True)
def command(settings: Settings, upload_sarif: Mode | None) -> None:
    """Write the SARIF reports of the last scan, whatever its verdict; in a GitHub job, upload them too."""
    execute(settings, ["sarif"], Wishes(upload_sarif=upload_sarif))
