"""`ci-toolkit init --gitlab`: the pipeline for a config, which is written first where there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from ci_toolkit.ci.gitlab_api import HOW_TO_GET_ONE
from ci_toolkit.ci.released import tagged_commit
from ci_toolkit.cli.init import create
from ci_toolkit.cli.init_parts import REPOSITORY, config_of, place_for
from ci_toolkit.config.delivery import GIVEN_BY_GITLAB
from ci_toolkit.config.gitlab_pipeline import PATH, Place, write_includes, write_pipeline
from ci_toolkit.files import packaged
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.config.delivery import Delivery
    from ci_toolkit.process import Runner


def write_for_gitlab(settings: Settings, runner: Runner, checkout: Path | None, *, print_only: bool) -> None:
    """Write the pipeline, or print it; where one is there, print what to add to it.

    Raises UsageError where there is no git checkout to write it into.
    """
    file = place_for(checkout, PATH, "GitLab", "https://gitlab.com/OWNER/NAME")
    config = config_of(runner, file.parent, GIVEN_BY_GITLAB)
    place = Place(
        config=config.path.relative_to(file.parent).as_posix(),
        version=__version__,
        commit=tagged_commit(runner, REPOSITORY, f"v{__version__}"),
        templates=packaged("templates/gitlab"),
    )
    if print_only:
        click.echo(write_pipeline(config.wanted, place), nl=False)
        return
    config.write()
    is_there = file.exists()
    if not is_there:
        create(file, write_pipeline(config.wanted, place))
    if not settings.quiet:
        told = f"{file} is there already: add what follows to it" if is_there else f"wrote {file}: read it through"
        stages = _stages_of(file) if is_there else ()
        for line in (*config.words(), told, *stages, *_next_steps(config.wanted, place)):
            click.echo(line, err=is_there)
    if is_there:
        click.echo(write_includes(config.wanted, place), nl=False)


def _stages_of(file: Path) -> Iterator[str]:
    """What is to be said of a pipeline's own stages: they replace the ones that the templates count on."""
    if re.search(r"^stages *:", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE):
        yield (
            "next: see that its `stages` have build, test and deploy, or name others by the inputs build-stage, "
            "scan-stage, push-stage and pin-stage (a promotion's: stage)"
        )


def _next_steps(wanted: Delivery, place: Place) -> Iterator[str]:
    settings = "in the project's settings on GitLab, under CI/CD → Variables"
    if not place.commit:
        yield (
            f"next: {REPOSITORY} didn't tell which commit v{place.version} is, so the tag is named; "
            "the integrity hashes hold all the same"
        )
    if wanted.secrets:
        yield f"next: add {', '.join(wanted.secrets)}, masked, {settings}"
    if wanted.variables:
        yield f"next: add {', '.join(wanted.variables)} {settings}"
    if wanted.environments:
        yield f"next: say who may deploy to {', '.join(wanted.environments)}, under CI/CD → Protected environments"
    if wanted.requests:
        yield f"next: {HOW_TO_GET_ONE}: the job's own token may open no merge request"
    elif wanted.commits:
        yield "next: let the job's token push to this project, under CI/CD → Job token permissions, or give it another"
    if not wanted.hosts:
        yield f"next: name a registry in {place.config}, such as registry.gitlab.com/OWNER/NAME: none is pushed to yet"
