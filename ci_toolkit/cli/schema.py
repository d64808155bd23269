"""`ci-toolkit schema`: the one statement of options and defaults."""

from __future__ import annotations

import click

from ci_toolkit.files import packaged_schema


@click.command("schema", epilog="Example: ci-toolkit schema > ci-toolkit.schema.json")
@click.option("--state", is_flag=True, help="The state file's schema instead.")
@click.option("--debug", is_flag=True, help="Tracebacks for errors.")
def command(state: bool, debug: bool) -> None:  # noqa: ARG001, FBT001 click's flags
    """Print the JSON Schema of the config, for editors and other checkers."""
    click.echo(packaged_schema("state.schema.json" if state else "ci-toolkit.schema.json"), nl=False)
