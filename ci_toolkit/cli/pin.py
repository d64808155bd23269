"""`ci-toolkit pin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.cli.wiring import Wishes

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("pin", epilog="Example: ci-toolkit pin --check --diff")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Print the change as a unified diff.")
@with_settings()
def command(settings: Settings, check: bool, diff: bool) -> None:  # noqa: FBT001 click's flags
    """Write the pushed digests into the manifests that `pin` of the config names, byte by byte."""
    execute(settings, ["pin"], Wishes(check=check, diff=diff))
