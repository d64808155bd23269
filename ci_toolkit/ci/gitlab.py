"""GitLab CI, seen from inside one of its jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from ci_toolkit.ci.gitlab_dotenv import DOTENV, dotenv
from ci_toolkit.ci.gitlab_log import GitLabLog
from ci_toolkit.files import write_atomically

if TYPE_CHECKING:
    from ci_toolkit.ci.platform import Published
    from ci_toolkit.errors import ToolkitError
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor


class GitLab:
    """A job on GitLab. It takes files that the job's own definition names (`artifacts:reports`), and a log."""

    def __init__(self) -> None:
        self._log: GitLabLog | None = None
        self._redact: Redactor | None = None
        self._published = False

    def progress(self, stream: TextIO, redact: Redactor, *, quiet: bool, verbose: bool) -> Progress:
        """Lines in sections, one a step."""
        self._redact = redact
        self._log = GitLabLog(stream, redact, quiet=quiet, verbose=verbose)
        return self._log

    def settle(self) -> None:
        """Every section is closed already."""

    def summary_room(self) -> int:
        """It has no place for one."""
        return 0

    @property
    def has_published(self) -> bool:
        """True once the variables are written."""
        return self._published

    def publish(self, published: Published) -> None:
        """The variables into `gitlab.env` in the workdir, in place of those of an earlier run."""
        if published.workdir is None:
            return
        made = dotenv(published.variables, self._redact or (lambda text: text))
        if self._log:
            for word in made.left_out:
                self._log.warn(f"{DOTENV}: {word}")
        write_atomically(published.workdir / DOTENV, made.data)
        self._published = True

    def announce(self, error: ToolkitError, stream: TextIO) -> bool:  # noqa: ARG002 the protocol's
        """It has no way of its own."""
        return False
