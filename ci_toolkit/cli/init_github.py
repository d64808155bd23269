"""`ci-toolkit init --github`: the workflow for a config, which is written first where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.ci.git import git_context, origin_address
from ci_toolkit.ci.released import tagged_commit
from ci_toolkit.cli.init import create
from ci_toolkit.config.delivery import GHCR, delivery_of, read_delivery
from ci_toolkit.config.find import NAME, find
from ci_toolkit.config.github_workflow import ACTION, PATH, Place, write_workflow
from ci_toolkit.config.initial import write_initial
from ci_toolkit.config.parse import parse
from ci_toolkit.config.paths import escapes
from ci_toolkit.config.violations import Violations
from ci_toolkit.errors import ConfigError, UsageError
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.config.delivery import Delivery
    from ci_toolkit.process import Runner

_ADDRESS = f"https://github.com/{ACTION}"
_USUAL_BRANCHES = ("main", "master")


def write_for_github(settings: Settings, runner: Runner, checkout: Path | None, *, print_only: bool) -> None:
    """Write the workflow, or print it. Raises UsageError where one is there, or no git checkout to write it into."""
    if checkout is None:
        message = f"{Path.cwd()} is in no git checkout: GitHub reads workflows at the top of one"
        raise UsageError(message, hint="git init && git remote add origin https://github.com/OWNER/NAME")
    file = checkout / PATH
    if escapes(checkout, PATH):
        message = f"{file} is outside of the checkout, by a symbolic link"
        raise UsageError(message, hint="put a real directory in the link's place")
    if file.exists() and not print_only:
        message = f"{file} is there already, and init never overwrites"
        raise UsageError(message, hint="look at what it would write with `ci-toolkit init --github --print`")
    config, text = _config(runner, checkout)
    wanted = _delivery_of(text) if text else read_delivery(config)
    place = _place(runner, checkout, config)
    workflow = write_workflow(wanted, place)
    if print_only:
        click.echo(workflow, nl=False)
        return
    if text:
        create(config, text)
    file.parent.mkdir(parents=True, exist_ok=True)
    create(file, workflow)
    if not settings.quiet:
        for line in _words(config if text else None, file, wanted, place):
            click.echo(line)


def _config(runner: Runner, checkout: Path) -> tuple[Path, str]:
    """The config, and the text it is to be written with; "" where it is there already."""
    try:
        return find(Path.cwd().resolve()), ""
    except ConfigError:
        return checkout / NAME, write_initial(checkout, origin_address(runner, checkout))


def _delivery_of(text: str) -> Delivery:
    root = parse(text, Violations())
    if root is None:
        raise AssertionError(text)
    return delivery_of(root)


def _place(runner: Runner, checkout: Path, config: Path) -> Place:
    context = git_context(runner, checkout)
    here = context.branch if context.branch in _USUAL_BRANCHES else None
    return Place(
        branch=context.default_branch or here or _USUAL_BRANCHES[0],
        config=config.relative_to(checkout).as_posix(),
        version=__version__,
        commit=tagged_commit(runner, _ADDRESS, f"v{__version__}"),
    )


def _words(config: Path | None, file: Path, wanted: Delivery, place: Place) -> Iterator[str]:
    """What was written, and what is to be done next."""
    if config:
        yield f"wrote {config}: read it through, then try `ci-toolkit plan`"
    yield f"wrote {file}: read it through, commit it and push"
    settings = "in the repository's settings on GitHub"
    if not place.commit:
        yield (
            f"next: pin the action: {_ADDRESS} didn't tell which commit v{place.version} is, so the workflow names "
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
