"""SARIF rules: one for each finding's id and package, so that no package's advice overwrites another's."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import sarif_om

from ci_toolkit.model.findings import Severity
from ci_toolkit.report.kinds import KINDS, fix_of
from ci_toolkit.report.plain import markdown, plain, web_address
from ci_toolkit.report.sarif_log import MAX_RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_toolkit.model.findings import Finding

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.UNKNOWN: "note",
}
_BANDS = {
    Severity.CRITICAL: (9.0, 9.5, 10.0),
    Severity.HIGH: (7.0, 8.0, 8.9),
    Severity.MEDIUM: (4.0, 5.5, 6.9),
    Severity.LOW: (0.1, 2.0, 3.9),
}
"""Lowest, usual and highest `security-severity` of GitHub's bands (docs: SARIF support for code scanning)."""


def rule_id(finding: Finding) -> str:
    """`CVE:package`, `LICENCE:package`; of what is in no package the id alone: the secret's rule, the check."""
    return plain(f"{finding.id}:{finding.package}" if finding.package else finding.id, 200)


def rules_of(findings: Iterable[Finding]) -> dict[str, sarif_om.ReportingDescriptor]:
    """The rules these findings need, by id, in order of appearance."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(rule_id(finding), []).append(finding)
    return {identifier: _rule(identifier, tuple(group)) for identifier, group in groups.items()}


def security_severity(severity: Severity, score: float | None) -> str | None:
    """The score within the severity's own band, so that GitHub shows what the gate went by; None for unknown."""
    if severity not in _BANDS:
        return None
    lowest, usual, highest = _BANDS[severity]
    return f"{min(max(usual if score is None else score, lowest), highest):.1f}"


@lru_cache(MAX_RESULTS)  # Platforms have most of their findings in common.
def _rule(identifier: str, group: tuple[Finding, ...]) -> sarif_om.ReportingDescriptor:
    worst = max(group, key=lambda finding: (finding.severity, finding.score or 0.0))
    kind = KINDS[worst.category]
    about = f"{plain(worst.package) or kind.noun}: {plain(worst.id)}"
    tags = ["security", worst.category, str(worst.severity), *([plain(worst.type, 50)] if worst.type else [])]
    properties: dict[str, object] = {"precision": "very-high", "tags": tags}
    if score := security_severity(worst.severity, worst.score):
        properties["security-severity"] = score
    return sarif_om.ReportingDescriptor(
        id=identifier,
        name=kind.rule,
        short_description=sarif_om.MultiformatMessageString(text=about),
        full_description=sarif_om.MultiformatMessageString(text=plain(worst.title) or about),
        help_uri=web_address(worst.url) or None,
        help=_help(group, worst),
        default_configuration=sarif_om.ReportingConfiguration(level=LEVELS[worst.severity]),
        properties=properties,
    )


def _facts(group: Sequence[Finding], worst: Finding) -> list[tuple[str, str]]:
    fixed = sorted({finding.fixed for finding in group if finding.fixable})
    unfixed = fix_of(worst) and f"no version ({worst.status or 'status unknown'})"
    facts = [
        (KINDS[worst.category].id_is, worst.id),
        ("Also known as", ", ".join(worst.aliases)),
        ("Package", worst.package),
        ("Installed", ", ".join(sorted({finding.installed for finding in group}))),
        ("Fixed in", ", ".join(fixed) or unfixed),
        ("Kind", worst.type if worst.category in ("secret", "license") else ""),
        ("What is wrong", worst.excerpt if worst.category == "misconfiguration" else ""),
        ("Resolution", worst.resolution),
        ("Severity", f"{worst.severity}" + (f", says {worst.severity_source}" if worst.severity_source else "")),
        ("CVSS score", f"{worst.score:.1f}" if worst.score is not None else ""),
        ("Published", worst.published[:10]),
    ]
    return [(name, value) for name, value in facts if value]


def _help(group: Sequence[Finding], worst: Finding) -> sarif_om.MultiformatMessageString:
    facts = _facts(group, worst)
    text = "\n".join([plain(worst.title), *(f"{name}: {plain(value)}" for name, value in facts)])
    return sarif_om.MultiformatMessageString(text=text, markdown=_help_markdown(facts, group, worst))


def _help_markdown(facts: Sequence[tuple[str, str]], group: Sequence[Finding], worst: Finding) -> str:
    rows = [f"| {name} | {markdown(value)} |" for name, value in facts]
    advice = (
        f"Upgrade **{markdown(worst.package)}**, or the base image that brings it, and build again."
        if any(finding.fixable for finding in group)
        else KINDS[worst.category].advice
    )
    link = [f"[Advisory]({web_address(worst.url)})"] if web_address(worst.url) else []
    return "\n\n".join(
        [f"**{markdown(worst.title or worst.id)}**", "\n".join(["| | |", "|---|---|", *rows]), advice, *link]
    )
