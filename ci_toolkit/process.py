"""The only module that starts a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that ended: its exit code and what it wrote, undecodable bytes replaced, secrets redacted."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """How the toolkit runs a tool: argv lists only, an allow-listed environment, output streamed and made harmless."""

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
        on_line: Callable[[str], None] | None = None,
        check: bool = True,
    ) -> Completed:
        """Run to the end.

        `env` is added to the allow-listed environment; `on_line` hears each line of stderr as it comes, redacted
        and neutralised. With `check`, an exit code other than 0 raises ToolError with the command and its last
        lines; a missing executable always does; so does passing `timeout` (seconds), the process group ended.
        """

    def which(self, name: str) -> Path | None:
        """The executable of this name on PATH."""
