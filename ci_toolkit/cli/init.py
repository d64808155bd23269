"""`ci-toolkit init`: a first config from what the project holds, and a first workflow for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.ci.git import origin_address
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.config.find import NAME
from ci_toolkit.config.initial import write_initial
from ci_toolkit.errors import UsageError
from ci_toolkit.git import checkout_of
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings


@click.command("init", epilog="Example: ci-toolkit init --github && ci-toolkit plan")
@click.option(
    "--github", is_flag=True, help="Write a workflow too, .github/workflows/container.yml, fitted to the config."
)
@click.option("--gitlab", is_flag=True, help="Write a pipeline too, .gitlab-ci.yml, fitted to the config.")
@click.option(
    "--print",
    "print_only",
    is_flag=True,
    help="Print the config instead of writing it; with --github the workflow, with --gitlab the pipeline.",
)
@with_settings(runs=False, reads_config=False)
def command(settings: Settings, github: bool, gitlab: bool, print_only: bool) -> None:  # noqa: FBT001 click's flags
    """Write a commented .ci-toolkit.yml from the Dockerfiles, manifests and git remote found here.

    Where there is a config already, --github writes the workflow for it and --gitlab the pipeline; for a pipeline that
    is there, --gitlab says what to add. No file is ever overwritten.
    """
    runner = SystemRunner(os.environ, Redactor())
    checkout = checkout_of(Path.cwd())
    root = checkout or Path.cwd()
    if github:
        from ci_toolkit.cli.init_github import write_for_github

        write_for_github(settings, runner, checkout, print_only=print_only)
    if gitlab:
        from ci_toolkit.cli.init_gitlab import write_for_gitlab

        write_for_gitlab(settings, runner, checkout, print_only=print_only)
    if github or gitlab:
        return
    text = write_initial(root, origin_address(runner, checkout) if checkout else None)
    if print_only:
        click.echo(text, nl=False)
        return
    create(root / NAME, text)
    if not settings.quiet:
        click.echo(f"wrote {root / NAME}: read it through, then try `ci-toolkit plan`")


def create(file: Path, text: str) -> None:
    """Write a file that isn't there yet; raises UsageError for one that is."""
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        message = f"{file} is there already, and init never overwrites"
        raise UsageError(message, hint="look at what it would write with `ci-toolkit init --print`") from None
