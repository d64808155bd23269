"""When each step of a run began, how long it took and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["done", "refused", "failed", "left out"]
"""`refused`: a verdict said no; `left out`: it was not begun, because of one before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepTime:
    """One step's share of a run."""

    step: str
    began: float
    """Seconds since the run began."""
    seconds: float
    outcome: Outcome
