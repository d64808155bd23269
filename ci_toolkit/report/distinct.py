"""Findings as reports tell them that know of no platforms: those that aren't ignored, and who brings how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.distinct import distinct
from ci_toolkit.model.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ci_toolkit.model.distinct import Distinct
    from ci_toolkit.model.findings import ImageFindings


def not_ignored(
    findings: ImageFindings, ignored: Mapping[str, Collection[tuple[str, str, str]]]
) -> Sequence[Distinct]:
    """Every finding once, save for those that are ignored, worst first. `ignored` is of the form `Ignored`."""
    return distinct(findings.platforms, ignored) if any(ignored.values()) else findings.distinct


def shares(found: Sequence[Distinct]) -> str:
    """`base image: 14 findings (2 critical) · own: 3`: who brings how much; empty where no layer is known."""
    severities: dict[bool | None, list[Severity]] = {True: [], False: [], None: []}
    for each in found:
        severities[each.base].append(each.finding.severity)
    if not severities[True] and not severities[False]:
        return ""
    names = {True: "base image", False: "own layers", None: "not known"}
    parts = [
        f"{name}: {_share(severities[base])}" for base, name in names.items() if severities[base] or base is not None
    ]
    return " · ".join(parts)


def _share(severities: Sequence[Severity]) -> str:
    critical = severities.count(Severity.CRITICAL)
    findings = "1 finding" if len(severities) == 1 else f"{len(severities):,} findings"
    return findings + (f" ({critical:,} critical)" if critical else "")
