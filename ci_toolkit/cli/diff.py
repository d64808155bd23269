"""`ci-toolkit diff`: what two scans found, held against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.settings import IMAGES, with_settings
from ci_toolkit.model.text import neutral_json

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings

_PLACE = click.Path(path_type=Path)


@click.command("diff", epilog="Example: ci-toolkit diff last-release/.ci-toolkit .ci-toolkit")
@click.argument("old", type=_PLACE)
@click.argument("new", type=_PLACE)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="Form of the result on stdout.",
)
@IMAGES
@with_settings(runs=False, reads_config=False, has_forms=True)
def command(settings: Settings, old: Path, new: Path, form: str) -> None:
    """Compare the findings of two scans: what is new, gone, changed. Whatever differs, exit 0.

    OLD and NEW are findings files, states with their reports beside them, workdirs or directories of reports.
    """
    from ci_toolkit.model.findings_diff import as_json, diff_images
    from ci_toolkit.report.findings_diff import diff_lines, diff_markdown
    from ci_toolkit.steps.kept import read_kept

    before, after = ([each.findings for each in read_kept(place).chosen(settings.images)] for place in (old, new))
    diffs = diff_images(before, after)
    if form == "json":
        click.echo(neutral_json(as_json(diffs)))
    elif form == "markdown":
        click.echo(diff_markdown(diffs))
    else:
        for line in diff_lines(diffs):
            click.echo(line)
