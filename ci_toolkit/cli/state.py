"""`ci-toolkit state`: what the last run established."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit import state as states
from ci_toolkit.cli.execute import print_state
from ci_toolkit.cli.session import session
from ci_toolkit.cli.settings import with_settings

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("state", epilog="Example: ci-toolkit state --format json | jq -r '.images.backend.digest'")
@with_settings()
def command(settings: Settings) -> None:
    """Show the state file, as a table or as JSON."""
    with session(settings, writes=False) as opened:
        print_state(opened, states.read(opened.state_file))
