"""`ci-toolkit logout`: away with what `ci-toolkit login` wrote."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.kept_logins import kept_place
from ci_toolkit.cli.settings import DEFAULT_WORKDIR, with_settings
from ci_toolkit.config.find import find
from ci_toolkit.errors import ConfigError, ToolError

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("logout", epilog="Example: ci-toolkit logout --workdir build/ci")
@click.option(
    "--workdir",
    type=click.Path(path_type=Path),
    help=f"The workdir of the login.  [default: {DEFAULT_WORKDIR} beside the config]",
)
@with_settings(runs=False)
def command(settings: Settings) -> None:
    """Remove the logins that login wrote for this workdir, and what killed runs left; there may be none."""
    from ci_toolkit.private import forget, sweep

    root = _root(settings)
    workdir = (settings.workdir or root / DEFAULT_WORKDIR).absolute()
    place = kept_place(os.environ, workdir, root)
    hosts: list[str] = []
    removed, swept = False, 0
    if place is not None:
        swept = sweep(place.parent)
        hosts = _hosts(place)
        removed = forget(place)
    if settings.format == "json":
        click.echo(json.dumps({"removed": str(place) if removed else None, "registries": hosts, "swept": swept}))
    elif not settings.quiet:
        click.echo(f"removed {place}: {', '.join(hosts) or 'it held no login'}" if removed else "there was no login")
        if swept:
            click.echo(f"removed what {swept} killed {'run' if swept == 1 else 'runs'} had left")
        if place is not None and os.environ.get("DOCKER_CONFIG") == str(place):
            click.echo("this shell still points there: unset DOCKER_CONFIG BUILDX_CONFIG", err=True)


def _root(settings: Settings) -> Path:
    """The config's directory. The config itself may be broken, or gone: that keeps no login alive."""
    if settings.config:
        return settings.config.absolute().parent
    with suppress(ConfigError):
        return find(Path.cwd()).parent
    return Path.cwd()


def _hosts(place: Path) -> list[str]:
    from ci_toolkit.registry.docker_login import kept

    with suppress(ToolError):
        found = kept(place)
        return list(found.notes) if found else []
    return []
