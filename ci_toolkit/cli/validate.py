"""`ci-toolkit validate`: is the config right?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.settings import with_settings
from ci_toolkit.config.find import find
from ci_toolkit.config.load import load
from ci_toolkit.errors import ConfigError

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("validate", epilog="Example: ci-toolkit validate -c deploy/.ci-toolkit.yml")
@with_settings(runs=False)
def command(settings: Settings) -> None:
    """Check the config file: every violation at once, with its place."""
    file = find(Path.cwd(), settings.config)
    try:
        config = load(file, os.environ)
    except ConfigError as error:
        if settings.format == "json":
            click.echo(json.dumps({"valid": False, "file": str(file), "violations": list(error.violations)}))
        raise
    if settings.format == "json":
        click.echo(json.dumps({"valid": True, "file": str(file), "images": list(config.images)}))
    elif not settings.quiet:
        click.echo(f"{file}: valid ({len(config.images)} image{'s' if len(config.images) != 1 else ''})")
