"""An image's findings over all its platforms, each once: for reports that know of no platforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.findings import weight

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


def _distinct(places: Sequence[tuple[PlatformFindings, Finding]]) -> Distinct:
    return Distinct(
        finding=min((finding for _, finding in places), key=weight),
        platforms=tuple({platform.platform: platform for platform, _ in places}.values()),
        installed=tuple(sorted({finding.installed for _, finding in places if finding.installed})),
    )
