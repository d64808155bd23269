"""Where the config is: found upwards from a directory to the git root, or named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

NAME = ".ci-toolkit.yml"
HOW_TO_BEGIN = "`ci-toolkit init` writes one, with `--github` a workflow for it, too; -c FILE names another"


def find(start: Path, named: Path | None = None) -> Path:
    """The config file: the one that was named (relative to `start`), else the nearest one upwards.

    The search ends at the git root (where `.git` is), outside of a repository at `start` itself. Raises ConfigError.
    """
    if named is not None:
        return start / named
    directories = [start, *start.absolute().parents]
    root = next((i for i, directory in enumerate(directories) if (directory / ".git").exists()), 0)
    for directory in directories[: root + 1]:
        if (directory / NAME).is_file():
            return directory / NAME
    upwards = f" or above, up to {directories[root]}" if root else ""
    message = f"no {NAME} in {start.absolute()}{upwards}"
    raise ConfigError(message, hint=HOW_TO_BEGIN)
