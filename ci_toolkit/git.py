"""git in one checkout: whoever owns the files, no program of the checkout's own is run, nothing is ever asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.process import Completed, Runner

_TIMEOUT = 60.0


class Git:
    """Runs git in the checkout `repository`. `settings` hold for these calls alone (`NAME=VALUE`), `env` too."""

    def __init__(
        self, runner: Runner, repository: Path, *, settings: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> None:
        self._runner = runner
        self.repository = repository
        # The checkout may belong to another user, as in a container action; its own fsmonitor would be a program.
        self._settings = (f"safe.directory={repository}", "core.fsmonitor=false", *settings)
        self._env = {"GIT_TERMINAL_PROMPT": "0", **(env or {})}

    def __call__(self, *arguments: str, check: bool = True) -> str:
        """What git prints; raises ToolError where it fails, unless `check` is off."""
        return self.run(*arguments, check=check).stdout

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float = _TIMEOUT,
        check: bool = True,
    ) -> Completed:
        """One call, in the checkout's top where no other directory is given."""
        return self._runner.run(
            self.argv(*arguments),
            cwd=cwd or self.repository,
            env={**self._env, **(env or {})},
            stdin=stdin,
            timeout=timeout,
            check=check,
        )

    def argv(self, *arguments: str) -> list[str]:
        """The whole command of one call."""
        settings = [part for setting in self._settings for part in ("-c", setting)]
        return ["git", *settings, "--no-optional-locks", *arguments]


def checkout_of(directory: Path) -> Path | None:
    """The top of the git checkout that holds a directory; None outside of one. No git is run."""
    resolved = directory.resolve()
    return next((place for place in (resolved, *resolved.parents) if (place / ".git").exists()), None)


def ignored_by_git(git: Git, root: Path, path: str) -> frozenset[str]:
    """Files and whole directories at or below `path` that git ignores, relative to `root`, as `path` is.

    `git`: of the checkout that holds them. Nothing where it fails or is missing. What is tracked is never ignored.
    """
    top = git.repository
    question = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    place = os.path.relpath(os.path.realpath(root / path), top)
    try:
        # From the top: below an ignored directory git itself fails.
        answer = git("--literal-pathspecs", *question, "--", place, check=False)
    except ToolError:
        return frozenset()
    above = os.path.relpath(top, os.path.realpath(root))
    return frozenset(os.path.normpath(f"{above}/{name}") for name in answer.split("\0") if name)


def tracks(git: Git, directory: Path) -> bool:
    """True where the checkout `git` brought something at or below a directory, whose links are followed.

    Raises ToolError where git fails.
    """
    place = os.path.relpath(os.path.realpath(directory), git.repository)
    return bool(git("--literal-pathspecs", "ls-files", "-z", "--", place))
