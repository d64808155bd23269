"""A scan for people and for machines: one table an image, worst package first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_toolkit.model.findings import by_weight
from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_toolkit.model.findings import Finding, ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import Ignore
    from ci_toolkit.state import ImageState

_LIMIT = 30
_COLUMNS = (("", 1), ("severity", 8), ("package", 32), ("installed", 24), ("fixed in", 24), ("id", 20), ("title", 72))
"""Headings, and how wide a column may get."""


def scan_table(findings: ImageFindings, image: ImageState, decision: Decision, *, limit: int = _LIMIT) -> str:
    """The findings of an image, each once over all platforms, grouped by package; `!` marks what the gate refuses.

    What is ignored has `~` and, in its title's place, the reason. At most `limit` lines of findings, then how many
    more there are. Text from outside is made harmless.
    """
    lines = [_headline(findings, image)]
    rows = _rows(findings, set(image.blocking), decision.exceptions)
    if rows:
        lines += _aligned([[heading for heading, _ in _COLUMNS], *rows[:limit]])
    if len(rows) > limit:
        where = image.reports.get("findings")
        lines.append(f"  … and {len(rows) - limit} more" + (f" in {where}" if where else ""))
    return "\n".join(lines)


def scan_json(findings: ImageFindings, image: ImageState, decision: Decision) -> dict[str, Any]:
    """The findings file's document, with the gate's word on it: an image's part of `schemas/report.schema.json`."""
    return {
        **findings.as_json(),
        "verdict": image.verdict,
        "platform_verdicts": dict(image.platform_verdicts),
        "counts": findings.counts().as_json(),
        "ignored": image.ignored,
        "ignored_findings": [
            {"platform": name, "id": f.id, "subject": f.subject, "path": f.path, **_entry(entry)}
            for name, platform in decision.platforms.items()
            for f, entry in platform.ignored
        ],
        "blocking": list(image.blocking),
    }


def _entry(entry: Ignore) -> dict[str, str]:
    return {"reason": entry.reason, "owner": entry.owner, "expires": str(entry.expires)}


def _headline(findings: ImageFindings, image: ImageState) -> str:
    counts = ", ".join(f"{number} {name}" for name, number in findings.counts().as_json().items() if number)
    platforms = ", ".join(
        f"{p.platform} {image.platform_verdicts.get(p.platform, 'not judged')}" for p in findings.platforms
    )
    head = f"{findings.image} {findings.digest.short}: {image.verdict or 'not judged'} ({platforms})"
    ignored = f", {image.ignored} ignored" if image.ignored else ""
    return f"{head}; {counts or 'nothing found'}{ignored}"


def _rows(
    findings: ImageFindings, blocking: set[str], ignored: Mapping[tuple[str, str, str], Ignore]
) -> list[list[str]]:
    everywhere = len(findings.platforms)
    found: dict[tuple[str, str, str], tuple[Finding, list[str]]] = {}
    for platform in findings.platforms:
        for finding in platform.findings:
            found.setdefault(finding.key, (finding, []))[1].append(platform.platform)
    rows = []
    for finding in _by_package(finding for finding, _ in found.values()):
        platforms = dict.fromkeys(found[finding.key][1])
        only = f"only {', '.join(platforms)}: " if len(platforms) < everywhere else ""
        entry = ignored.get(finding.key)
        cells = (
            "!" if plain(finding.line) in blocking else "~" if entry else "",
            str(finding.severity),
            finding.package or finding.subject,
            finding.installed,
            finding.fixed if finding.fixable else finding.status or "-",
            finding.id,
            only + (f"ignored until {entry.expires}: {entry.reason}" if entry else finding.title),
        )
        rows.append([plain(cell, width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True)])
    return rows


def _by_package(findings: Iterable[Finding]) -> list[Finding]:
    """The findings of one package stand together; packages in the order of their worst."""
    packages: dict[tuple[str, str], list[Finding]] = {}
    for finding in by_weight(findings):
        packages.setdefault((finding.component, finding.place), []).append(finding)
    return [finding for group in packages.values() for finding in group]


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [f"  {line.rstrip()}" for line in lines]
