"""`ci-toolkit scan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from ci_toolkit.cli.execute import execute
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.cli.wiring import Wishes

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("scan", epilog="Example: ci-toolkit scan ghcr.io/acme/app:1.4 --output json")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Form of the findings."
)
@click.option(
    "--print-cache", is_flag=True, help="Scan nothing: print directory and keys of the cache that CI can keep."
)
@with_settings(judges=True)
def command(
    settings: Settings,
    targets: tuple[str, ...],
    output: Literal["table", "json"],
    print_cache: bool,  # noqa: FBT001 a click flag
) -> None:
    """Scan every platform of the built images, or of each TARGET, and evaluate the gate; exit 1 if it says no.

    TARGET needs no build and no config: HOST/NAME:TAG or HOST/NAME@sha256:… on a registry, oci:DIR (an OCI image
    layout, where needed with :TAG or @sha256:…), a file that ends in .tar or .tar.gz (`docker save`, or a layout in a
    tar), docker:IMAGE of the local engine. `--image` says which of the config's images it is.
    """
    if print_cache:
        from ci_toolkit.cli import scanning

        scanning.print_cache(settings)
        return
    form: Literal["table", "json"] = "json" if settings.format == "json" else output
    if targets:
        from ci_toolkit.cli.scan_named import scan_named

        scan_named(settings, targets, form)
    else:
        execute(settings, ["scan"], Wishes(findings=form))
