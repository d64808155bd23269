"""`ci-toolkit run`: the whole job, or some of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.code_scanning import UPLOAD_SARIF
from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.cli.wiring import Wishes
from ci_toolkit.pipeline import STEPS

if TYPE_CHECKING:
    from ci_toolkit.cli.code_scanning import Mode
    from ci_toolkit.cli.settings import Settings


@click.command("run", epilog="Example: ci-toolkit run --steps build,tag,scan --image backend")
@click.option("--steps", default=",".join(STEPS), show_default=True, help="Which steps, separated by commas.")
@click.option("--no-gate", is_flag=True, help="Push in spite of the gate; said loudly, and kept in the state.")
@UPLOAD_SARIF
@with_settings(judges=True)
def command(settings: Settings, steps: str, no_gate: bool, upload_sarif: Mode | None) -> None:  # noqa: FBT001 click's flags
    """Build, tag, scan, push, write SARIF, pin and commit: every image of the config, nothing refused is pushed."""
    execute(settings, steps.split(","), Wishes(no_gate=no_gate, upload_sarif=upload_sarif), as_run=True)
