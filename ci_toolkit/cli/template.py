"""`ci-toolkit template`: the GitLab includes of this version, for teams that keep a copy of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.files import packaged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

_DEBUG = click.option("--debug", is_flag=True, expose_value=False, help="Tracebacks for errors.")


@click.group("template", epilog="Example: ci-toolkit template show build")
def command() -> None:
    """List, show or copy the templates that a .gitlab-ci.yml includes, as this version has them."""


def _subcommand(name: str, example: str) -> Callable[[Callable[..., Any]], click.Command]:
    return lambda function: command.command(name, epilog=f"Example: ci-toolkit template {example}")(_DEBUG(function))


@_subcommand("list", "list")
def list_them() -> None:
    """Print the name of every template and what it does."""
    for name, text in _templates().items():
        click.echo(f"{name:<10}{text.partition(chr(10))[0].removeprefix('# ')}")


@_subcommand("show", "show promote")
@click.argument("name")
def show(name: str) -> None:
    """Print a template: its inputs with their defaults, and its jobs."""
    templates = _templates()
    name = name.removesuffix(".yml")
    if name not in templates:
        message = f"there is no template {name!r}"
        raise UsageError(message, hint=f"the templates are {', '.join(templates)}")
    click.echo(templates[name], nl=False)


@_subcommand("copy", "copy templates/ci-toolkit")
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False))
def copy(directory: str) -> None:
    """Write every template into a directory, which is made if need be: no file is overwritten."""
    from pathlib import Path

    files = {Path(directory) / f"{name}.yml": text for name, text in _templates().items()}
    for file in files:
        if file.exists() or file.is_symlink():
            raise _is_there(file)
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
            click.echo(f"wrote {file}")
    except FileExistsError:
        raise _is_there(Path(directory)) from None
    except OSError as error:
        message = f"can't write to {directory}: {error.strerror or error}"
        raise ToolError(message, hint="mend its permissions, or copy elsewhere") from error


def _is_there(file: Path) -> UsageError:
    message = f"{file} is there already, and nothing is ever overwritten"
    return UsageError(message, hint="copy into another directory, and compare")


def _templates() -> dict[str, str]:
    """Name and text, the whole pipeline last."""
    order = ("build", "scan", "push", "pin", "promote", "template")
    directory = packaged("templates") / "gitlab"
    return {name: (directory / f"{name}.yml").read_text(encoding="utf-8") for name in order}
