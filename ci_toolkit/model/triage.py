"""What became of an entry of the triage: used, expiring, expired, with a fix by now, or of no use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ci_toolkit.model.findings import Finding
    from ci_toolkit.model.policy import Ignore

Standing = Literal["expired", "has a fix", "expires soon", "matches nothing", "used", "not scanned"]
"""Most urgent first."""
URGENCY: tuple[Standing, ...] = ("expired", "has a fix", "expires soon", "matches nothing", "used", "not scanned")


@dataclass(frozen=True, kw_only=True, slots=True)
class Triaged:
    """One entry. An entry that stands in two ways has the more urgent one's name, but keeps its fixes."""

    entry: Ignore
    standing: Standing
    fixes: tuple[str, ...] = ()
    """`PACKAGE VERSION` of what is fixed by now."""


def judged(entry: Ignore, found: Iterable[Finding] | None, today: date) -> Triaged:
    """How an entry stands. `found`: all there is in the images it speaks of; None where some weren't scanned."""
    matched = [finding for finding in found or () if entry.matches(finding)]
    fixes = tuple(sorted({f"{finding.package} {finding.fixed}" for finding in matched if finding.fixable}))
    standing: Standing = "used"
    if found is not None and not matched:
        standing = "matches nothing"
    elif not entry.active(today):
        standing = "expired"
    elif fixes:
        standing = "has a fix"
    elif entry.expires_soon(today):
        standing = "expires soon"
    elif found is None:
        standing = "not scanned"
    return Triaged(entry=entry, standing=standing, fixes=fixes)


def most_urgent_first(triaged: Iterable[Triaged]) -> tuple[Triaged, ...]:
    """By standing, then by the day they expire on."""
    return tuple(sorted(triaged, key=lambda t: (URGENCY.index(t.standing), t.entry.expires, t.entry.label)))
