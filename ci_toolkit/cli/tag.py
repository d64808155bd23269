"""`ci-toolkit tag`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("tag", epilog="Example: ci-toolkit tag --format json")
@with_settings()
def command(settings: Settings) -> None:
    """Work out the tags of the images from their rules and what is checked out."""
    execute(settings, ["tag"])
