"""`ci-toolkit init --github`: the workflow for a config, which is written first where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.ci.git import git_context
from ci_toolkit.ci.released import tagged_commit
from ci_toolkit.cli.init import create
from ci_toolkit.cli.init_parts import REPOSITORY, config_of, place_for
from ci_toolkit.config.delivery import GHCR, GIVEN_BY_GITHUB
from ci_toolkit.config.github_workflow import PATH, Place, write_workflow
from ci_toolkit.errors import UsageError
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.cli.init_parts import FoundConfig
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.process import Runner

_USUAL_BRANCHES = ("main", "master")


def write_for_github(settings: Settings, runner: Runner, checkout: Path | None, *, print_only: bool) -> None:
    """Write the workflow, or print it. Raises UsageError where one is there, or no git checkout to write it into."""
    file = place_for(checkout, PATH, "GitHub", "https://github.com/OWNER/NAME")
    root = file.parents[PATH.count("/")]
    if file.exists() and not print_only:
        message = f"{file} is there already, and init never overwrites"
        raise UsageError(message, hint="look at what it would write with `ci-toolkit init --github --print`")
    config = config_of(runner, root, GIVEN_BY_GITHUB)
    place = _place(runner, root, config.path)
    workflow = write_workflow(config.wanted, place)
    if print_only:
        click.echo(workflow, nl=False)
        return
    config.write()
    file.parent.mkdir(parents=True, exist_ok=True)
    create(file, workflow)
    if not settings.quiet:
        for line in _words(config, file, place):
            click.echo(line)


def _place(runner: Runner, checkout: Path, config: Path) -> Place:
    context = git_context(runner, checkout)
    here = context.branch if context.branch in _USUAL_BRANCHES else None
    return Place(
        branch=context.default_branch or here or _USUAL_BRANCHES[0],
        config=config.relative_to(checkout).as_posix(),
        version=__version__,
        commit=tagged_commit(runner, REPOSITORY, f"v{__version__}"),
    )


def _words(config: FoundConfig, file: Path, place: Place) -> Iterator[str]:
    """What was written, and what is to be done next."""
    wanted = config.wanted
    yield from config.words()
    yield f"wrote {file}: read it through, commit it and push"
    settings = "in the repository's settings on GitHub"
    if not place.commit:
        yield (
            f"next: pin the action: {REPOSITORY} didn't tell which commit v{place.version} is, so the workflow names "
            "the tag, which can be moved"
        )
    if wanted.secrets:
        yield f"next: add the secrets {', '.join(wanted.secrets)} {settings}"
    if wanted.variables:
        yield f"next: add the variables {', '.join(wanted.variables)} {settings}"
    if wanted.environments:
        yield f"next: say who approves the environments {', '.join(wanted.environments)} {settings}"
    if not wanted.hosts:
        yield f"next: name a registry in {place.config}, such as {GHCR}/OWNER/NAME: none is pushed to yet"
