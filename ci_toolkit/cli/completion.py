"""`ci-toolkit completion`: click's own completion, without the incantation."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ci_toolkit.errors import UsageError


@click.command("completion", epilog='Example: eval "$(ci-toolkit completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    completion = get_completion_class(shell)
    if completion is None:
        message = f"no completion for {shell}"
        raise UsageError(message)
    click.echo(completion(context.find_root().command, {}, "ci-toolkit", "_CI_TOOLKIT_COMPLETE").source())
