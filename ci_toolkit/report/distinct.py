"""An image's findings over all its platforms, each once: for reports that know of no platforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.findings import by_weight

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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


def distinct(findings: ImageFindings, ignored: Mapping[str, Collection[tuple[str, str, str]]]) -> list[Distinct]:
    """Worst first, as `by_weight` has it. Ignored findings stay out; `ignored` is of the form `Ignored`."""
    found: dict[tuple[str, str, str], list[tuple[PlatformFindings, Finding]]] = {}
    for platform in findings.platforms:
        skipped = ignored.get(platform.platform, ())
        for finding in platform.findings:
            if finding.key not in skipped:
                found.setdefault(finding.key, []).append((platform, finding))
    worst = {key: by_weight(finding for _, finding in places)[0] for key, places in found.items()}
    return [
        Distinct(
            finding=finding,
            platforms=tuple({p.platform: p for p, _ in found[finding.key]}.values()),
            installed=tuple(sorted({each.installed for _, each in found[finding.key] if each.installed})),
        )
        for finding in by_weight(worst.values())
    ]
