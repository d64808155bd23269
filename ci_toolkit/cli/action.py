"""The GitHub Action's entry point: its inputs, translated, are a command; nothing is decided here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ci_toolkit.cli import signals
from ci_toolkit.cli.action_inputs import arguments, given, passed_over, value_of
from ci_toolkit.cli.main import leave, run
from ci_toolkit.cli.tell import told
from ci_toolkit.errors import ToolkitError
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

_TOOLS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where the image has its tools."""
WORKDIR = "workdir"
"""Under which name the step's state keeps the workdir for `ci-toolkit-action-post`."""


def main() -> NoReturn:
    """Run what the inputs say, give the files back, exit with the command's code. Arguments aren't looked at."""
    signals.install()
    try:
        try:
            code = _run(os.environ)
        finally:
            give_back(os.environ)
    except KeyboardInterrupt:
        code = signals.exit_code()
    leave(code)


def _run(env: MutableMapping[str, str]) -> int:
    settle_in(env)
    try:
        command = arguments(env)
        for name in passed_over(env, command[0]):
            sys.stderr.write(
                neutralise(f"the input {name} means nothing to `{command[0]}`, and is passed over") + "\n"
            )
        _remember(env, command)
    except ToolkitError as error:
        return tell(error)
    return run(command)


def settle_in(env: MutableMapping[str, str]) -> None:
    """Make the environment that a workflow gave us one to work in: the image's tools first, a home, the token."""
    env["PATH"] = os.pathsep.join([*_TOOLS, env.get("PATH", "")]).rstrip(os.pathsep)
    if not os.access(env.get("HOME", ""), os.W_OK | os.X_OK):
        import pwd

        env["HOME"] = pwd.getpwuid(os.geteuid()).pw_dir
    token = given(env, "github-token")
    env.pop("INPUT_GITHUB-TOKEN", None)
    if token and not env.get("GITHUB_TOKEN"):
        env["GITHUB_TOKEN"] = token
    workspace = env.get("GITHUB_WORKSPACE")
    if workspace and Path(workspace).is_dir():
        os.chdir(workspace)


def tell(error: ToolkitError) -> int:
    """Say what went wrong before there was a command, and return the exit code for it."""
    from ci_toolkit.ci.platforms import platform_of

    if not told(error, platform_of(os.environ)):
        sys.stderr.write(f"error: {error.message}\n" + (f"next: {error.hint}\n" if error.hint else ""))
    return error.exit_code


def give_back(env: Mapping[str, str], *others: Path) -> int:
    """Give what was made in the workspace, and in these directories, to whom they belong; how much it was.

    An interrupt comes at most once (`cli.signals`), so what it cuts short is done again.
    """
    from ci_toolkit.cli.hand_back import hand_back

    places = (Path(env.get("GITHUB_WORKSPACE") or Path.cwd()), *others)
    try:
        return sum(map(hand_back, places))
    except KeyboardInterrupt:
        for place in places:
            hand_back(place)
        raise


def _remember(env: Mapping[str, str], command: list[str]) -> None:
    from ci_toolkit.ci.github_files import append_values
    from ci_toolkit.cli.settings import DEFAULT_WORKDIR
    from ci_toolkit.cli.workdir import check_in_workspace

    stated = value_of(command, "--workdir")
    workdir = Path(stated) if stated else _config_directory(command) / DEFAULT_WORKDIR
    if env.get("GITHUB_WORKSPACE"):
        check_in_workspace(workdir, Path(env["GITHUB_WORKSPACE"]))
    append_values(env, "GITHUB_STATE", {WORKDIR: str(workdir.absolute())})


def _config_directory(command: list[str]) -> Path:
    """Where the config lies; the command itself says what is wrong if there is none."""
    from ci_toolkit.config.find import find
    from ci_toolkit.errors import ConfigError

    stated = value_of(command, "--config", "-c")
    try:
        return find(Path.cwd(), Path(stated) if stated else None).parent
    except ConfigError:
        return Path.cwd()
