"""What a CI system takes of a run besides its log: outputs for later steps, a summary, remarks beside the code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

from ci_toolkit.ci.plain import PlainProgress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


class Platform(Protocol):
    """A CI system, seen from inside one of its jobs."""

    def progress(self, stream: TextIO, redact: Redactor, *, quiet: bool, verbose: bool) -> Progress:
        """How a log of this system is written."""

    def publish(self, published: Published) -> None:
        """Hand the results over. Raises ToolError where the job's files can't be written."""


class NoPlatform:
    """No CI system, or one that takes nothing but a log."""

    def progress(self, stream: TextIO, redact: Redactor, *, quiet: bool, verbose: bool) -> Progress:
        """Plain lines."""
        return PlainProgress(stream, redact, quiet=quiet, verbose=verbose)

    def publish(self, published: Published) -> None:
        """Nobody takes them."""
