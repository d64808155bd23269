"""Which Trivy is run: the one that is named, the one on PATH, else the one in its container image."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_toolkit.errors import EndedError, ToolError
from ci_toolkit.scanners.trivy_commands import Private, container
from ci_toolkit.streams import LAST_LINES, LONGEST_QUOTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.process import Runner

_HINTS = (
    ("deadline exceeded", "raise `scan.timeout`"),
    ("took longer than", "raise `scan.timeout`"),
    ("no space left on device", "free some space: databases and layers are kept in the cache, reports in the workdir"),
    ("unauthenticated", "give `scan.server.token` the token that the Trivy server was started with"),
    ("TOOMANYREQUESTS", "log in to that registry, or name a mirror of your own under `scan.database.repositories`"),
)
"""What helps, by words of Trivy's."""
_LAST_WORDS = "FATAL\t"
"""Begins what Trivy says of its failure, after the time: one line, or several."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrivyProgram:
    """`image`: Trivy's container image, for machines without a `trivy` on PATH; `named`: one elsewhere."""

    runner: Runner
    image: str
    named: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets for its environment, on no command line."""

    def start(self, place: Private, *mounts: Path, online: bool = False) -> tuple[str, ...]:
        """How a command begins. In a container it sees `place` and the `mounts`; the rest as for `container`."""
        if program := self._local():
            return (str(program),)
        user = f"{os.getuid()}:{os.getgid()}"
        mounted = (place.root, *mounts)
        passed = tuple(self.variables)
        return container(self.image, mounted, place.cwd, user=user, online=online, variables=passed)

    def run(
        self, argv: Sequence[str], place: Private, about: str, *, timeout: float, on_line: Callable[[str], None]
    ) -> None:
        """Run a command that `start` began, to do what `about` says: `scan app linux/amd64`.

        Raises ToolError with Trivy's own last words and, where they are known, what helps. `on_line` doesn't hear
        those as well: they would stand there twice, and a failure that is mended by trying again would be shown.
        """
        lines = _Lines(on_line)
        try:
            self.runner.run(argv, cwd=place.cwd, env=self.variables, timeout=timeout, on_line=lines.hear)
        except EndedError as error:
            message = f"Trivy can't {about}: it {error.end}{error.said}"
            raise ToolError(message, hint=self._hint(error)) from error
        except ToolError as error:
            lines.pass_on()
            raise ToolError(error.message, hint=self._hint(error)) from error
        lines.pass_on()

    def _hint(self, error: ToolError) -> str:
        known = next((hint for words, hint in _HINTS if words in error.message), "")
        if known or self._local():
            return known or error.hint
        return f"there is no `trivy` on PATH, so {self.image} was tried: install Trivy, or make the image reachable"

    def _local(self) -> Path | None:
        return self.named or self.runner.which("trivy")


class _Lines:
    """Hears a run's lines and passes them on, but holds back what an `EndedError` is going to quote of its end."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._held: deque[str] = deque()

    def hear(self, line: str) -> None:
        if not self._held and _LAST_WORDS not in line:
            self._on_line(line)
            return
        self._held.append("" if len(line) > LONGEST_QUOTED else line)
        if len(line) > LONGEST_QUOTED:
            self._on_line(line)
        if len(self._held) > LAST_LINES:
            self._say(self._held.popleft())

    def pass_on(self) -> None:
        """Nobody quotes them after all."""
        while self._held:
            self._say(self._held.popleft())

    def _say(self, line: str) -> None:
        if line.strip():
            self._on_line(line)
