"""The GitHub Action's inputs as a command line."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
"""YAML 1.2's, which is what GitHub's own actions take."""
VALUES = ("config", "steps", "workdir", "upload-sarif")
"""Inputs that are a flag with a value."""
SWITCHES = ("dry-run",)
"""Inputs that are a flag without one."""
LISTS = ("image",)
"""Inputs whose items, one a line or separated by commas, are a flag each."""
ONLY_FOR = {"upload-sarif": ("run", "sarif")}
"""Inputs that other commands have no flag for; whole workflows set them, whatever a step's command is."""
OTHERS = ("args", "github-token")
"""Inputs that are no flag."""


def arguments(env: Mapping[str, str]) -> list[str]:
    """The command line that the inputs stand for; an empty input isn't given.

    `args` may begin with a command; its flags come last, so they win. Raises UsageError naming the input.
    """
    more = _words(env)
    command = more.pop(0) if more and not more[0].startswith("-") else "run"
    unfit = passed_over(env, command)
    return [command, *(flag for name, flag in _flags(env) if name not in unfit), *more]


def passed_over(env: Mapping[str, str], command: str) -> tuple[str, ...]:
    """The inputs that are given and mean nothing to this command."""
    return tuple(name for name, commands in ONLY_FOR.items() if command not in commands and given(env, name))


def value_of(arguments: list[str], *flags: str) -> str | None:
    """The last value that one of these flags has on a command line."""
    found = None
    for position, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if word in flags:
            found = next(iter(arguments[position + 1 :]), found)
        elif name in flags and name.startswith("--") and equals:
            found = value
        elif word[:2] in flags and not word.startswith("--"):
            found = word[2:]
    return found


def given(env: Mapping[str, str], name: str) -> str:
    """An input as the runner hands it over: its name in capitals, hyphens kept."""
    return env.get(f"INPUT_{name.upper()}", "").strip()


def _words(env: Mapping[str, str]) -> list[str]:
    try:
        return shlex.split(given(env, "args"))
    except ValueError as error:
        message = f"the input args can't be read: {error}"
        raise UsageError(message, hint="write it as on a command line, every quote closed") from error


def _flags(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every input that is given, with the flag it is."""
    for name in VALUES:
        if value := given(env, name):
            yield name, f"--{name}={value}"
    for name in LISTS:
        for item in given(env, name).replace(",", "\n").split("\n"):
            if item.strip():
                yield name, f"--{name}={item.strip()}"
    for name in SWITCHES:
        value = given(env, name)
        if value and value not in _BOOLEANS:
            message = f"the input {name} is {value!r}, and takes true or false"
            raise UsageError(message)
        if _BOOLEANS.get(value):
            yield name, f"--{name}"
