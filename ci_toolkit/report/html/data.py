"""The findings as the page's script reads them: JSON that may stand inside a `script` element."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.text import harmless, neutralise
from ci_toolkit.report.plain import web_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.report.judged import Judged, LayerShare

_ESCAPES = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})
"""What could end the element, or the line of an old script engine."""


def image_data(findings: ImageFindings, everything: Sequence[Judged], shares: Sequence[LayerShare]) -> str:
    """One image's part, a JSON object."""
    positions = {platform.platform: number for number, platform in enumerate(findings.platforms)}
    document = {
        "name": neutralise(findings.image),
        "platforms": [neutralise(name) for name in positions],
        "layers": [layer_name(share) for share in shares],
        "findings": [_row(each, positions) for each in everything],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def layer_name(share: LayerShare) -> str:
    """Its instruction, else the start of its digest."""
    return neutralise(share.layer.created_by) or share.layer.digest.removeprefix("sha256:")[:12]


def _row(each: Judged, positions: Mapping[str, int]) -> dict[str, Any]:
    """What there is to show and to filter by; fields of nothing are left out."""
    finding = each.found.finding
    platforms = [positions[platform.platform] for platform in each.found.platforms]
    fields = {
        "id": finding.id,
        "severity": str(finding.severity),
        "category": finding.category,
        "package": finding.package or finding.path or "image config",
        "installed": ", ".join(each.found.installed),
        "fixed": finding.fixed if finding.fixable else "",
        "status": "" if finding.fixable else finding.status.replace("_", " "),
        "title": finding.title,
        "standing": each.standing,
        "why": each.why,
        "aliases": ", ".join(finding.aliases),
        "url": web_address(finding.url),
        "published": finding.published[:10],
        "source": finding.severity_source,
        "path": finding.path,
        "purl": finding.purl,
        "advice": finding.resolution,
    }
    row: dict[str, Any] = {name: neutralise(value) for name, value in fields.items() if value}
    if finding.excerpt:
        row["excerpt"] = harmless(finding.excerpt)
    if finding.start_line:
        row["line"] = finding.start_line
    if finding.score is not None:
        row["score"] = finding.score
    if each.layers:
        row["layers"] = each.layers
    if len(platforms) < len(positions):
        row["platforms"] = platforms
    return row
