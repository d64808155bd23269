"""`ci-toolkit schema`: the one statement of options and defaults."""

from __future__ import annotations

import click

from ci_toolkit.files import packaged_schema


@click.command("schema", epilog="Example: ci-toolkit schema > ci-toolkit.schema.json")
@click.option("--state", is_flag=True, help="The state file's schema instead.")
@click.option("--ignore", is_flag=True, help="The schema of a file of ignored findings instead.")
@click.option("--debug", is_flag=True, help="Tracebacks for errors.")
def command(state: bool, ignore: bool, debug: bool) -> None:  # noqa: ARG001, FBT001 click's flags
    """Print the JSON Schema of the config, for editors and other checkers."""
    name = "ignore" if ignore else "state" if state else "ci-toolkit"
    click.echo(packaged_schema(f"{name}.schema.json"), nl=False)
