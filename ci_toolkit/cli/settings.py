"""The flags every command shares, as one value."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_WORKDIR = ".ci-toolkit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the flags say."""

    config: Path | None
    images: tuple[str, ...]
    workdir: Path | None
    dry_run: bool
    format: Literal["text", "json"]
    quiet: bool
    verbose: bool
    debug: bool
    no_color: bool
    policy_from: Literal["head", "base"]


def _image_names(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The names, of which a value may hold a JSON list: GitLab writes an array input so into a command."""
    return tuple(name for value in values for name in _listed(value, context, option))


def _listed(value: str, context: click.Context, option: click.Parameter) -> list[str]:
    if not value.startswith("["):
        return [value]
    try:
        names = json.loads(value)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        message = f"{value!r} is no JSON list of names"
        raise click.BadParameter(message, context, option)
    return names


_FORMAT = click.option(
    "--format", type=click.Choice(["text", "json"]), default="text", help="Form of the result on stdout."
)
_OUTPUT = (
    click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors on stderr."),
    click.option("-v", "--verbose", is_flag=True, help="Details and the tools' own output on stderr."),
    click.option("--debug", is_flag=True, help="Tracebacks for errors."),
    click.option("--no-color", is_flag=True, envvar="NO_COLOR", help="No colours."),
)
_CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help="The config file; else .ci-toolkit.yml is looked for upwards to the git root.",
)
_WORKDIR = click.option(
    "--workdir",
    type=click.Path(path_type=Path),
    help=f"Where layouts, state and reports go.  [default: {DEFAULT_WORKDIR} beside the config]",
)
IMAGES = click.option(
    "--image",
    "images",
    multiple=True,
    metavar="NAME",
    callback=_image_names,
    help="Only this image, or those of a JSON list; can be repeated.",
)
_RUN = (
    _CONFIG,
    IMAGES,
    _WORKDIR,
    click.option("--dry-run", is_flag=True, help="Print what would be done, in order, and do nothing."),
)
_POLICY = click.option(
    "--policy-from",
    type=click.Choice(["head", "base"]),
    default="head",
    help="base: on a pull request the gate follows the `scan` section at the base revision, whatever the config says.",
)


def with_settings(
    *,
    runs: bool = True,
    reads_config: bool = True,
    judges: bool = False,
    reads_state: bool = False,
    has_forms: bool = False,
) -> Callable[[Callable[..., None]], Any]:
    """Give a command the common flags and hand them over as one `settings` argument.

    `runs`: the command works on images, so it has the flags of a run too; else with `reads_config` only `-c`.
    `judges`: it goes by the gate's policy, and the state's verdicts. `reads_state`: by what the last run found.
    `has_forms`: its `--format` is one of its own.
    """
    own = _RUN if runs else (_CONFIG, _WORKDIR) if judges or reads_state else (_CONFIG,) if reads_config else ()
    own = (*own, _POLICY) if judges else own
    options = (*own, *(_OUTPUT if has_forms else (_FORMAT, *_OUTPUT)))

    def decorate(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def command(**flags: Any) -> None:
            names = Settings.__slots__
            given = {name: flags.pop(name, _ABSENT[name]) for name in names}
            function(Settings(**given), **flags)

        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_ABSENT: dict[str, Any] = {
    "config": None,
    "images": (),
    "workdir": None,
    "dry_run": False,
    "format": "text",
    "quiet": False,
    "verbose": False,
    "debug": False,
    "no_color": False,
    "policy_from": "head",
}
