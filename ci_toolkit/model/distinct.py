"""An image's findings over all its platforms, each once: for reports that know of no platforms."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ci_toolkit.model.findings import Finding, PlatformFindings

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


def distinct(
    platforms: Sequence[PlatformFindings], ignored: Mapping[str, Collection[tuple[str, str, str]]]
) -> list[Distinct]:
    """Worst first, as `by_weight` has it. Ignored findings stay out; `ignored` is of the form `Ignored`."""
    found: dict[tuple[str, str, str], list[tuple[PlatformFindings, Finding]]] = {}
    for platform in platforms:
        skipped = ignored.get(platform.platform, ())
        for finding in platform.findings:
            key = finding.key
            if key not in skipped:
                found.setdefault(key, []).append((platform, finding))
    return sorted(map(_distinct, found.values()), key=attrgetter("finding.weight"))


def _distinct(places: Sequence[tuple[PlatformFindings, Finding]]) -> Distinct:
    return Distinct(
        finding=min((finding for _, finding in places), key=attrgetter("weight")),
        platforms=tuple({platform.platform: platform for platform, _ in places}.values()),
        installed=tuple(sorted({finding.installed for _, finding in places if finding.installed})),
    )
