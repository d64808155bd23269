"""`ci-toolkit push`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.cli.wiring import Wishes

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("push", epilog="Example: ci-toolkit push --image backend")
@click.option("--no-gate", is_flag=True, help="Push in spite of the gate; said loudly, and kept in the state.")
@with_settings(judges=True)
def command(settings: Settings, no_gate: bool) -> None:  # noqa: FBT001 click's flags
    """Push the images that the gate let pass to all their repositories: content first, tags last."""
    execute(settings, ["push"], Wishes(no_gate=no_gate))
