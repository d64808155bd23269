"""`ci-toolkit commit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("commit", epilog="Example: ci-toolkit commit --dry-run")
@with_settings()
def command(settings: Settings) -> None:
    """Commit the manifests that `pin` wrote onto a branch and push it, as `commit` of the config says."""
    execute(settings, ["commit"])
