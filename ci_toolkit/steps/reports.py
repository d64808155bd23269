"""What a run's reports are made of, and what makes one: the step that writes SARIF writes the others beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.errors import SourceLine
from ci_toolkit.report.plain import plain
from ci_toolkit.steps.scan_targets import Scannable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.explanation import Explanation
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.plan import Action
    from ci_toolkit.model.policy import Ignore
    from ci_toolkit.model.reference import Destination
    from ci_toolkit.state import ImageState, Source


class Reported(Scannable, Protocol):
    """An image as its reports know it: one of the config's, or any other that was scanned."""

    @property
    def repositories(self) -> tuple[Destination, ...]:
        """Where it is pushed to, as far as anybody says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A scanned image."""

    options: Reported
    image: ImageState
    findings: ImageFindings
    decision: Decision
    """The gate's, on the day of the scan."""
    explanation: Explanation
    place: SourceLine
    """The `FROM` it is built on, relative to the checkout's top; nothing where nobody says what it is built from."""
    source: Source
    """The run."""

    @property
    def shown_at(self) -> SourceLine:
        """`place`; where there is none, the image itself, for formats that want a file and a line."""
        return self.place if self.place.file else SourceLine(plain(self.findings.image, 255), 1)

    @property
    def ignored(self) -> Mapping[str, Mapping[tuple[str, str, str], Ignore]]:
        """Platform → key of a finding → the entry that ignored it."""
        return {name: {f.key: entry for f, entry in p.ignored} for name, p in self.decision.platforms.items()}


class Reports(Protocol):
    """One kind of reports, or several that belong together."""

    def plan(self, step: str, options: ImageOptions, image: ImageState) -> Sequence[Action]:
        """What `make` would do: no write, no process."""

    def make(self, subject: Subject) -> Mapping[str, Path]:
        """Write an image's files, each whole or not at all, in place of an earlier run's.

        Returns them by the names that the state keeps them under. Raises ToolkitError.
        """
