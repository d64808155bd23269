"""`ci-toolkit pin`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from ci_toolkit.cli.settings import with_settings
from ci_toolkit.config.find import find
from ci_toolkit.errors import ConfigError, UsageError
from ci_toolkit.manifests.pinning import Style

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("pin", epilog="Example: ci-toolkit pin --image ghcr.io/acme/app:1.4@sha256:… deploy")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--resolve", is_flag=True, help="Ask the registries for the digests of tags.")
@click.option("--style", type=click.Choice(get_args(Style)), help="What is written.  [default: tag-and-digest]")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Print the change as a unified diff.")
@click.option("--no-cache", is_flag=True, help="With --resolve: forget what registries said in the last ten minutes.")
@with_settings()
def command(
    settings: Settings,
    paths: tuple[str, ...],
    resolve: bool,  # noqa: FBT001 click's flags
    style: Style | None,
    check: bool,  # noqa: FBT001
    diff: bool,  # noqa: FBT001
    no_cache: bool,  # noqa: FBT001
) -> None:
    """Write digests into manifests, byte by byte.

    Alone: the digests that were pushed, into the files that `pin` of the config names. With --image
    REPOSITORY[:TAG]@DIGEST: that digest wherever the image stands in files and directories, no config needed. With
    --resolve: for every tag there without a digest, the one that its registry knows.
    """
    if not (paths or resolve or any("@" in image for image in settings.images)):
        from ci_toolkit.cli.execute import execute
        from ci_toolkit.cli.wiring import Wishes

        if style or no_cache:
            message = f"{'--style' if style else '--no-cache'} goes with PATH, --image REPOSITORY@DIGEST or --resolve"
            raise UsageError(message, hint="in the config a pin has a `style` of its own")
        _require_config(settings)
        execute(settings, ["pin"], Wishes(check=check, diff=diff))
        return
    from ci_toolkit.cli.pin_paths import PinWishes, pin_paths

    wishes = PinWishes(resolve=resolve, style=style or "tag-and-digest", check=check, diff=diff, cache=not no_cache)
    pin_paths(settings, paths or (".",), wishes)


def _require_config(settings: Settings) -> None:
    """Raise ConfigError without one; most who have none mean files that they can name."""
    try:
        find(Path.cwd(), settings.config)
    except ConfigError as error:
        hint = "`pin --resolve PATH` and `pin --image REPOSITORY@DIGEST PATH` need none"
        raise ConfigError(error.message, hint=f"{hint}; {error.hint}") from error
