"""The gate's policy: what may pass. Pure values; the evaluation stands beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

    from ci_toolkit.model.findings import Severity

Reaction = Literal["fail", "warn", "ignore"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignore:
    """A finding that was triaged: which, why, who answers for it, until when."""

    id: str
    reason: str
    owner: str
    expires: date
    package: str | None = None
    path: str | None = None
    image: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePolicy:
    """From which severity on a finding fails the gate, and how the odd cases count."""

    severity: Severity | None
    """None switches the gate off (`severity: none`)."""
    fixable_only: bool
    unknown: Reaction
    """Findings whose severity nobody knows."""
    end_of_life_os: Reaction
    incomplete: Reaction
    """Nothing recognised in an image: no operating system, no packages."""
    ignores: tuple[Ignore, ...] = ()
