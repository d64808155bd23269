"""GitHub Actions, seen from inside one of its steps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ci_toolkit.ci.github_files import append_summary, append_values, summary_room
from ci_toolkit.ci.github_log import GitHubLog
from ci_toolkit.errors import ConfigError
from ci_toolkit.git import checkout_of
from ci_toolkit.model.annotation import Annotation
from ci_toolkit.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.ci.platform import Published
    from ci_toolkit.errors import ToolkitError
    from ci_toolkit.progress import Progress

_VIOLATION = re.compile(r"(?P<file>[^\n]+?):(?P<line>\d+):(?P<column>\d+): (?P<message>.+)", re.DOTALL)
_WORST_FIRST = ("error", "warning", "notice")


class GitHub:
    """A step of a job on GitHub. `env` is the step's environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._redact = Redactor()
        self._log: GitHubLog | None = None
        self._published = False

    def progress(self, stream: TextIO, redact: Redactor, *, quiet: bool, verbose: bool) -> Progress:
        """Lines, groups and annotations; with all details where the job is run again with debug logging."""
        self._redact = redact
        detailed = verbose or self._env.get("RUNNER_DEBUG") == "1"
        self._log = GitHubLog(stream, redact, quiet=quiet and not detailed, verbose=detailed)
        return self._log

    def settle(self) -> None:
        """Let workflow commands through again."""
        if self._log:
            self._log.settle()

    def summary_room(self) -> int:
        """What GitHub takes of this step."""
        return summary_room(self._env)

    @property
    def has_published(self) -> bool:
        """True once outputs and summary are written."""
        return self._published

    def publish(self, published: Published) -> None:
        """Outputs and summary into the step's files, annotations into the log, the worst first."""
        for annotation in sorted(published.annotations, key=lambda each: _WORST_FIRST.index(each.level)):
            if self._log:
                self._log.annotate(annotation)
        outputs = {name: self._redact(value) for name, value in published.outputs.items()}
        append_values(self._env, "GITHUB_OUTPUT", outputs)
        append_summary(self._env, self._redact(published.summary))
        self._published = True

    def announce(self, error: ToolkitError, stream: TextIO) -> bool:
        """The failure as an error annotation, every violation of a config beside its line if `publish` didn't tell."""
        log = self._log or GitHubLog(stream, self._redact)
        message = f"{error.message}\nnext: {error.hint}" if error.hint else error.message
        violations = error.violations if isinstance(error, ConfigError) and not self._published else ()
        log.failed(message, before=tuple(_remarks(violations)))
        return True


def _remarks(violations: tuple[str, ...]) -> Iterator[Annotation]:
    for violation in violations:
        found = _VIOLATION.fullmatch(violation)
        if found is None or not Path(found["file"]).is_file():  # another revision's file is not beside the code
            yield Annotation(level="error", message=violation)
            continue
        yield Annotation(
            level="error",
            message=found["message"],
            file=_in_repository(Path(found["file"])),
            line=int(found["line"]),
            column=int(found["column"]),
        )


def _in_repository(file: Path) -> str:
    top = checkout_of(file.parent)
    resolved = file.resolve()
    return resolved.relative_to(top).as_posix() if top and resolved.is_relative_to(top) else file.as_posix()
