"""What became of the entries of `scan.ignore`: used, expiring, expired, with a fix by now, or of no use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from ci_toolkit.model.gate import unused_ignores

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import Ignore
    from ci_toolkit.report.run_report import RunReport

Standing = Literal["expired", "has a fix", "expires soon", "matches nothing", "used"]
"""Most urgent first."""
SOON = timedelta(days=14)
_URGENCY: tuple[Standing, ...] = ("expired", "has a fix", "expires soon", "matches nothing", "used")


@dataclass(frozen=True, kw_only=True, slots=True)
class Triaged:
    """One entry. An entry that stands in two ways has the more urgent one's name, but keeps its fixes."""

    entry: Ignore
    standing: Standing
    fixes: tuple[str, ...] = ()
    """`PACKAGE VERSION` of what is fixed by now."""


def triaged(report: RunReport) -> tuple[Triaged, ...]:
    """The entries that matched something in the images of this run, and those that matched nothing; urgent first."""
    decisions = {image.name: image.decision for image in report.images if image.decision}
    used = {entry for decision in decisions.values() for entry in decision.used}
    found = [_judged(entry, decisions.values(), report) for entry in used]
    found += [Triaged(entry=e, standing="matches nothing") for e in unused_ignores(report.policy, decisions)]
    return tuple(sorted(found, key=lambda t: (_URGENCY.index(t.standing), t.entry.expires, t.entry.label)))


def _judged(entry: Ignore, decisions: Iterable[Decision], report: RunReport) -> Triaged:
    matched = (f for d in decisions for p in d.platforms.values() for f, own in p.ignored if own == entry)
    fixes = tuple(sorted({f"{finding.package} {finding.fixed}" for finding in matched if finding.fixable}))
    if not entry.active(report.today):
        return Triaged(entry=entry, standing="expired", fixes=fixes)
    if fixes:
        return Triaged(entry=entry, standing="has a fix", fixes=fixes)
    soon = entry.expires - report.today <= SOON
    return Triaged(entry=entry, standing="expires soon" if soon else "used")
