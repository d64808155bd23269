"""`ci-toolkit inspect`: what an image on a registry is made of."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.registries import desk, image_named, key_of
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.model.text import neutral_json

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("inspect", epilog="Example: ci-toolkit inspect ghcr.io/acme/app:1.4")
@click.argument("reference", metavar="REF")
@click.option("--no-artifacts", is_flag=True, help="Don't look for signatures, SBOMs and other referrers.")
@with_settings(runs=False)
def command(settings: Settings, reference: str, no_artifacts: bool) -> None:  # noqa: FBT001 a click flag
    """Show an image's platforms, sizes, attestations, signatures and annotations; no layer is fetched."""
    named = image_named(reference)
    with desk(settings) as opened:
        from ci_toolkit.registry.inspection import inspect

        view = inspect(opened.client(named), key_of(named), name=str(named), artifacts=not no_artifacts)
        opened.destinations.tell_budgets()
    if settings.format == "json":
        click.echo(neutral_json(view.as_json()))
        return
    from ci_toolkit.report.image import print_image
    from ci_toolkit.report.plain import WIDE

    terminal = sys.stdout.isatty()
    print_image(view, sys.stdout, color=terminal and not settings.no_color, width=None if terminal else WIDE)
