"""The entry point: picks the command, catches what is fatal, answers with the exit code."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from ci_toolkit.cli import signals
from ci_toolkit.cli.here import Here
from ci_toolkit.cli.tell import told
from ci_toolkit.errors import ConfigError, ToolError, ToolkitError, UsageError
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_GARBAGE = 1_000_000
"""Objects between two looks for garbage: some eighty megabytes at most.

Imports, reports and manifests make many objects and no garbage, and take up to a fifth less so.
"""

COMMANDS = {
    "run": "The whole job: build, tag, scan, push, sarif, pin, commit.",
    "login": "Log in at the registries, or check what may be done there.",
    "logout": "Remove the logins again.",
    "plan": "Show what a run would do, and do nothing.",
    "build": "Build the images as OCI layouts.",
    "tag": "Work the tags out.",
    "scan": "Scan every platform and evaluate the gate.",
    "push": "Push what the gate let pass, tags last.",
    "sarif": "Write the SARIF reports.",
    "report": "Make any report again, without a scan.",
    "diff": "Compare the findings of two scans.",
    "pin": "Write digests into manifests.",
    "commit": "Commit the pinned manifests and push.",
    "promote": "Bring images to an environment, by digest.",
    "state": "Show what the last run established.",
    "digest": "Print the digest that a tag points at.",
    "tags": "List the tags of a repository.",
    "copy": "Copy an image between repositories, with all that is attached.",
    "inspect": "Show what an image on a registry is made of.",
    "lint": "Check the images that manifests name.",
    "triage": "List, add, prune and import ignored findings.",
    "validate": "Check the config file.",
    "init": "Write a config from what the project holds.",
    "template": "Show or copy the GitLab includes.",
    "schema": "Print the config's JSON Schema.",
    "completion": "Print the shell's completion script.",
}
"""Name and short help of every command; each lives in `ci_toolkit.cli.NAME`, imported when it is called."""


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are called: `--version` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order of a pipeline."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"ci_toolkit.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of `--help`, written without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 a verdict says no, 2 config or usage, 3 a local tool, 4 a remote service, "
    "5 integrity. Example: ci-toolkit run --dry-run",
)
@click.version_option(__version__, prog_name="ci-toolkit")
def cli() -> None:
    """Build, tag, scan, push and pin container images from one config file."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its code."""
    signals.install()
    leave(run(sys.argv[1:] if argv is None else argv))


def run(argv: Sequence[str]) -> int:
    """Run a command and return its exit code (see `ci_toolkit.errors`); nothing is raised without `--debug`."""
    gc.set_threshold(_GARBAGE)
    arguments, here = list(argv), Here(os.environ)
    debug = "--debug" in arguments
    try:
        code = cli.main(arguments, standalone_mode=False, obj=here)
    except (click.exceptions.Abort, KeyboardInterrupt):  # click turns most of the latter into the former
        click.echo("ci-toolkit: stopped; everything it started has ended", err=True)
        code = signals.exit_code()
    except click.ClickException as error:
        if not told(UsageError(error.format_message()), here.platform):
            error.show()
        code = UsageError.exit_code
    except BrokenPipeError:
        _close_stdout()
        code = 0
    except Exception as error:  # the last line of defence: a bug is no traceback either
        if debug:
            raise
        failure = _failure(error)
        _explain(failure, here)
        code = failure.exit_code
    return code if isinstance(code, int) else 0


def leave(code: int) -> NoReturn:
    """Exit without taking the interpreter apart piece by piece, which takes as long as starting it did."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            continue
        except OSError:
            code = code or ToolError.exit_code
    os._exit(code)


def _failure(error: Exception) -> ToolkitError:
    """What there is to tell of anything that ends a command."""
    if isinstance(error, ToolkitError):
        return error
    if isinstance(error, OSError):  # the disk, mostly: standard output counts, too
        return ToolError(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
    return ToolkitError(f"a bug: {type(error).__name__}: {error}", hint="report it with the output of --debug")


def _explain(error: ToolkitError, here: Here) -> None:
    if told(error, here.platform):
        return
    for violation in error.violations if isinstance(error, ConfigError) else ():
        click.echo(violation, err=True)
    click.echo(f"{click.style('error', fg='red', bold=True)}: {error.message}", err=True)
    if error.hint:
        click.echo(f"{click.style('next', fg='cyan')}: {error.hint}", err=True)


def _close_stdout() -> None:
    """Let nothing complain once more at exit that the reader of standard output is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
