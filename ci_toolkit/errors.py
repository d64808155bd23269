"""The exception tree; every fatal error carries the process's exit code.

    ToolkitError                3
    ├── VerdictError            1    the gate, a policy or a --check says no
    ├── ConfigError             2    the user's file is wrong (every violation at once)
    ├── UsageError              2    the user's flags are wrong
    ├── ToolError               3    a local tool failed or is missing
    ├── RemoteError             4    a remote service failed after its retries
    └── IntegrityError          5    bytes and digest, or digest and expectation, disagree

Only `ci_toolkit.cli.main` catches them. SIGINT (130) and SIGTERM (143) travel as KeyboardInterrupt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class SourceLine(NamedTuple):
    """A line, from 1, of one of the user's files: an absolute path, or one relative to the config's directory."""

    file: str
    line: int


class ToolkitError(Exception):
    """Something failed in a way the user can be told about.

    `message` says what failed, where and why; `hint` what to do next; `place` names the line to mend, where it is one.
    """

    exit_code: int = 3

    def __init__(self, message: str, *, hint: str = "", place: SourceLine | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place


class VerdictError(ToolkitError):
    """A verdict, not a failure: the gate, a policy or a `--check` says no."""

    exit_code = 1


class ConfigError(ToolkitError):
    """The config file is wrong; `violations` are `file:line:column: path: message` lines, all at once."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", violations: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.violations = tuple(violations)


class UsageError(ToolkitError):
    """A flag, an argument or a value given by the user can't be used; nothing was run."""

    exit_code = 2


class ToolError(ToolkitError):
    """A local tool failed or is missing: engine, Buildx, Trivy, git, disk."""

    exit_code = 3


class EndedError(ToolError):
    """A tool ended badly. `end` says how, `said` is the end of that sentence: the last lines it wrote, if any."""

    def __init__(self, command: str, end: str, said: str, *, hint: str = "") -> None:
        super().__init__(f"`{command}` {end}{said}", hint=hint)
        self.end = end
        self.said = said


class RemoteError(ToolkitError):
    """A remote service failed after its retries: a registry, GitHub, GitLab."""

    exit_code = 4


class IntegrityError(ToolkitError):
    """Bytes and digest, or a digest and what was expected of it, disagree."""

    exit_code = 5
