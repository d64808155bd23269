"""What a CI system takes of a run besides its log: outputs for later steps, a summary, remarks beside the code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

from ci_toolkit.ci.plain import PlainProgress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.errors import ToolkitError
    from ci_toolkit.model.annotation import Annotation
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A run's results in the forms that CI systems take. Nothing in it is escaped or redacted yet."""

    outputs: Mapping[str, str] = field(default_factory=dict)
    """By name, as `action.yml` lists them."""
    summary: str = ""
    """Markdown."""
    annotations: Sequence[Annotation] = ()
    variables: Sequence[tuple[str, str]] = ()
    """For later jobs, by name, the dearest first. A name that stands there twice is nobody's."""
    workdir: Path | None = None
    """Where a system that collects files looks for them."""


class Platform(Protocol):
    """A CI system, seen from inside one of its jobs."""

    def progress(self, stream: TextIO, redact: Redactor, *, quiet: bool, verbose: bool) -> Progress:
        """How a log of this system is written."""

    def settle(self) -> None:
        """Leave the log as whoever writes to it next expects it."""

    def summary_room(self) -> int:
        """How many bytes of summary it takes; 0 where it takes none."""

    @property
    def has_published(self) -> bool:
        """True once `publish` has handed anything over."""

    def publish(self, published: Published) -> None:
        """Hand the results over. Raises ToolError where the job's files can't be written."""

    def announce(self, error: ToolkitError, stream: TextIO) -> bool:
        """Say what ended the run in the system's own way; False where it has none and nothing was written."""


class NoPlatform:
    """No CI system, or one that takes nothing but a log."""

    def progress(self, stream: TextIO, redact: Redactor, *, quiet: bool, verbose: bool) -> Progress:
        """Plain lines."""
        return PlainProgress(stream, redact, quiet=quiet, verbose=verbose)

    def settle(self) -> None:
        """It is as it was."""

    def summary_room(self) -> int:
        """Nobody reads one."""
        return 0

    @property
    def has_published(self) -> bool:
        """There is nobody to hand it to."""
        return False

    def publish(self, published: Published) -> None:
        """Nobody takes them."""

    def announce(self, error: ToolkitError, stream: TextIO) -> bool:  # noqa: ARG002
        """It has no way of its own."""
        return False
