"""Everything there is to tell of a run, in one value: what every report for people is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ci_toolkit.errors import VerdictError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ci_toolkit.errors import SourceLine, ToolkitError
    from ci_toolkit.model.explanation import Explanation
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import GatePolicy, Ignore
    from ci_toolkit.model.promotion import Promotion
    from ci_toolkit.model.timeline import StepTime
    from ci_toolkit.state import Commit, ImageState, PinEdit, State


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReport:
    """One image of the run."""

    name: str
    state: ImageState
    dockerfile: str
    """Relative to the repository's top, with forward slashes."""
    line: int
    """Of the `FROM` that the image is built on."""
    findings: ImageFindings | None = None
    """None where it wasn't scanned."""
    decision: Decision | None = None
    explanation: Explanation | None = None
    """There where the decision is."""
    left_out: str = ""
    """Why the findings of a scan are missing here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """A run, or the part of one that a single command did."""

    state: State
    images: tuple[ImageReport, ...]
    policy: GatePolicy
    times: tuple[StepTime, ...]
    failure: ToolkitError | None
    today: date
    environment: str | None = None
    """What it promotes to; None: it is no promotion."""
    failure_place: SourceLine | None = None
    """The line to mend, relative to the repository's top."""
    root: str = ""
    """The config's directory, which manifests are named from, relative to the repository's top."""
    config_file: str = ""
    """Relative to the repository's top."""
    ignore_places: Mapping[Ignore, SourceLine] = field(default_factory=dict)
    """Where the entries of `scan.ignore` and of its files stand, relative to the repository's top."""

    def from_top(self, file: str) -> str:
        """A file that is named from the config's directory, as it is named from the repository's top."""
        return str(PurePosixPath(self.root, file))

    def did(self, step: str) -> bool:
        """True where this step was done, and said neither no nor failed."""
        return any(time.step == step and time.outcome == "done" for time in self.times)

    @property
    def is_about_findings(self) -> bool:
        """True where this part of a run is about what is in the images, not about what was done with them."""
        looked = any(t.step in ("scan", "sarif") and t.outcome != "left out" for t in self.times)
        return looked or isinstance(self.failure, VerdictError)

    @property
    def pins(self) -> tuple[PinEdit, ...]:
        """The places in manifests that this run looked after."""
        looked = self.failure is None if self.environment else self.did("pin")
        return tuple(pin for pin in self.state.pins if looked and pin.environment == self.environment)

    @property
    def commits(self) -> tuple[Commit, ...]:
        """The commits of this run's pins that it looked after."""
        looked = self.failure is None if self.environment else self.did("commit")
        return tuple(commit for commit in self.state.commits if looked and commit.environment == self.environment)

    @property
    def promotions(self) -> tuple[Promotion, ...]:
        """The promotions to the environment that this run promotes to, whether or not they were there before."""
        return tuple(p for p in self.state.promotions if p.environment == self.environment)

    @property
    def other_promotions(self) -> tuple[Promotion, ...]:
        """The promotions of the same images to other environments."""
        return tuple(p for p in self.state.promotions if p.environment != self.environment)
