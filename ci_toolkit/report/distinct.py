"""An image's findings over all its platforms, each once: for reports that know of no platforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.findings import Severity, weight

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ci_toolkit.model.findings import Finding, ImageFindings, PlatformFindings

Ignored = dict[str, "Collection[tuple[str, str, str]]"]
"""Platform → keys of the findings that are ignored there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Distinct:
    """A finding where it is worst, and where else it is."""

    finding: Finding
    platforms: tuple[PlatformFindings, ...]
    installed: tuple[str, ...]
    """Every version of the package that has it."""

    @property
    def line(self) -> int:
        """The line of the Dockerfile that brought it, on the first platform that knows it; 0 where none does."""
        return next((line for p in self.platforms if (line := p.line_of(self.finding))), 0)

    @property
    def base(self) -> bool | None:
        """True for what the base image brings; None where nobody knows."""
        layers = (platform.layer_of(self.finding) for platform in self.platforms)
        return next((layer.base for layer in layers if layer and layer.base is not None), None)


def distinct(findings: ImageFindings, ignored: Mapping[str, Collection[tuple[str, str, str]]]) -> list[Distinct]:
    """Worst first, as `by_weight` has it. Ignored findings stay out; `ignored` is of the form `Ignored`."""
    found: dict[tuple[str, str, str], list[tuple[PlatformFindings, Finding]]] = {}
    for platform in findings.platforms:
        skipped = ignored.get(platform.platform, ())
        for finding in platform.findings:
            key = finding.key
            if key not in skipped:
                found.setdefault(key, []).append((platform, finding))
    return sorted((_distinct(places) for places in found.values()), key=lambda each: weight(each.finding))


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


def _distinct(places: Sequence[tuple[PlatformFindings, Finding]]) -> Distinct:
    return Distinct(
        finding=min((finding for _, finding in places), key=weight),
        platforms=tuple({platform.platform: platform for platform, _ in places}.values()),
        installed=tuple(sorted({finding.installed for _, finding in places if finding.installed})),
    )
