"""Reads what `docker buildx build --progress=plain` says: which step runs, and what a failure means."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from ci_toolkit.streams import LAST_LINES, quoted

if TYPE_CHECKING:
    from ci_toolkit.progress import Progress, Task

_NOISE = re.compile(r"\(\*service\)\.Write failed.*(?:locked|unavailable)", re.IGNORECASE)
_BUILDER = re.compile(r'#0 building with "(?P<name>[^"]+)" instance using (?P<driver>.+? driver)')
_STEP = re.compile(r"#(?P<number>\d+) (?P<rest>.*)")
_STEP_NAME = re.compile(r"\[[^\]]+\] .+|exporting .+")
_DONE = re.compile(r"DONE\b|CACHED\b")
_LOCATION = re.compile(r"\S+:(?P<line>\d+)")
_ERROR = re.compile(r"ERROR: (?:failed to build: )?(?:failed to solve: )?(?P<reason>.+)")
_UNSUITABLE = re.compile(
    r"not supported for the docker driver|does not currently support exporting manifest lists"
    r"|push-by-digest is currently not implemented"
)
_NO_BUILDX = re.compile(
    r"'buildx' is not a docker command|unknown command: docker buildx|unknown flag: --(?:progress|platform|builder)"
)
_NO_ENGINE = re.compile(
    r"Cannot connect to the Docker daemon|failed to connect to the docker API|error during connect"
    r"|permission denied while trying to connect"
)
_NO_BUILDKIT = re.compile(r" > \[internal\] waiting for connection:")


class BuildLog:
    """Hears a build's lines one by one, redacted and neutralised, and passes on what a person wants to see."""

    def __init__(self, progress: Progress, task: Task) -> None:
        self._progress = progress
        self._task = task
        self._lines: deque[str] = deque(maxlen=200)
        self.builder = ""
        """`default (docker driver)`, once Buildx has told."""
        self.reason = ""
        """The last error in Buildx's words."""
        self.dockerfile_line: int | None = None
        """Where in the Dockerfile the build stopped, from 1."""
        self.is_unsuitable = False
        """The builder can't export what was asked for; nothing was built."""
        self.is_missing_buildx = False
        self.is_missing_engine = False
        self.is_missing_buildkit = False
        """A BuildKit elsewhere didn't answer; nothing was built."""

    def hear(self, line: str) -> None:
        """Take one line in."""
        if _NOISE.search(line):
            return
        self._lines.append(line)
        if line.strip():
            self._progress.tool(line)
        if found := _BUILDER.match(line):
            self.builder = f"{found['name']} ({found['driver']})"
            self._progress.info(f"the builder is {self.builder}")
        elif step := _STEP.match(line):
            self._hear_step(step["rest"])
        else:
            self._hear_failure(line)

    def last_lines(self) -> str:
        """The end of the log, for an error message."""
        return quoted(tuple(self._lines)[-LAST_LINES:])

    def _hear_step(self, rest: str) -> None:
        if _DONE.match(rest):
            self._task.advance(1)
        elif _STEP_NAME.fullmatch(rest):
            self._task.note(rest)

    def _hear_failure(self, line: str) -> None:
        self.is_unsuitable |= bool(_UNSUITABLE.search(line))
        self.is_missing_buildx |= bool(_NO_BUILDX.search(line))
        self.is_missing_engine |= bool(_NO_ENGINE.search(line))
        self.is_missing_buildkit |= bool(_NO_BUILDKIT.match(line))
        if location := _LOCATION.fullmatch(line):
            self.dockerfile_line = int(location["line"])
        elif error := _ERROR.match(line):
            self.reason = error["reason"]
        elif (self.is_missing_buildx or self.is_missing_engine) and not self.reason:
            self.reason = line
