"""Everything there is to tell of a run, in one value: what every report for people is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from ci_toolkit.errors import ToolkitError
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision, GatePolicy
    from ci_toolkit.model.timeline import StepTime
    from ci_toolkit.state import ImageState, State


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


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """A run, or the part of one that a single command did."""

    state: State
    images: tuple[ImageReport, ...]
    policy: GatePolicy
    times: tuple[StepTime, ...]
    failure: ToolkitError | None
    today: date
