"""The GitHub Action's last word in a job, after success, failure and cancellation: nothing of a run stays behind."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ci_toolkit.cli import signals
from ci_toolkit.cli.action import WORKDIR, give_back, settle_in
from ci_toolkit.cli.main import leave, run
from ci_toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_REMOVAL_TIMEOUT = 60.0


def main() -> NoReturn:
    """Log out, remove the builder that this job made, give files back; nothing of it fails the job."""
    signals.install()
    with suppress(KeyboardInterrupt):
        try:
            _tidy(os.environ)
        finally:
            # HOME stays on the runner's disk, and what is root's there only root can clear before the next job.
            if count := give_back(os.environ, Path(os.environ.get("HOME", "/nowhere"))):
                click.echo(f"gave {count} files and directories to the runner's user")
    leave(0)


def _tidy(env: MutableMapping[str, str]) -> None:
    settle_in(env)
    workdir = env.get(f"STATE_{WORKDIR}")
    run(["logout", *([f"--workdir={workdir}"] if workdir else [])])
    try:
        _remove_builder(env)
    except ToolkitError as error:
        click.echo(f"the builder stays: {error.message}")


def _remove_builder(env: MutableMapping[str, str]) -> None:
    """Away with the builder's container and cache. HOME is this job's alone, so a builder noted there is its own."""
    from ci_toolkit.builders.select import created_name
    from ci_toolkit.registry.docker_config import docker_directory

    name = created_name(env)
    buildx = Path(env.get("BUILDX_CONFIG") or docker_directory(env) / "buildx")
    if not (buildx / "instances" / name).is_file():
        click.echo("there was no builder")
        return
    from ci_toolkit.process import SystemRunner
    from ci_toolkit.redact import Redactor

    SystemRunner(env, Redactor()).run(["docker", "buildx", "rm", name], timeout=_REMOVAL_TIMEOUT)
    click.echo(f"removed the builder {name}")
