"""`ci-toolkit build`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("build", epilog="Example: ci-toolkit build --image backend")
@with_settings()
def command(settings: Settings) -> None:
    """Build the images, all platforms: into OCI layouts in the workdir, or into the quarantine repository."""
    execute(settings, ["build"])
