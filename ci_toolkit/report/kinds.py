"""What the four kinds of findings are called, and how a finding of each is told in a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.model.findings import Category, Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """The words for one kind."""

    noun: str
    id_is: str
    """What a finding's id is of."""
    rule: str
    """The name of its rules in SARIF."""
    does: str
    """What an affected thing does: `bash has`, with the id after it."""
    advice: str
    """What to do where no fixed version is known."""


KINDS: Mapping[Category, Kind] = {
    "vulnerability": Kind(
        noun="vulnerability",
        id_is="Vulnerability",
        rule="VulnerablePackage",
        does="has",
        advice="There is no fixed version yet: watch the advisory, or do without the package.",
    ),
    "secret": Kind(
        noun="secret",
        id_is="Secret",
        rule="ExposedSecret",
        does="holds a secret,",
        advice="Revoke it, for whoever has the image has it, and hand it over as a build secret or at run time.",
    ),
    "misconfiguration": Kind(
        noun="misconfiguration",
        id_is="Check",
        rule="Misconfiguration",
        does="fails the check",
        advice="Mend the configuration, and build again.",
    ),
    "license": Kind(
        noun="licence",
        id_is="Licence",
        rule="RestrictedLicense",
        does="is under the licence",
        advice="Do without it, or have its terms accepted by those who may.",
    ),
}


def place_of(finding: Finding) -> str:
    """`/app/.env:3`, as untrusted as the path; empty where the finding has no file."""
    line = f":{finding.start_line}" if finding.start_line else ""
    return f"/{finding.path}{line}" if finding.path else ""


def affected(finding: Finding, image: str) -> str:
    """`bash 5.2 at /bin/bash in IMAGE`, `/app/.env:3 in IMAGE`, `the config of IMAGE`; untrusted."""
    place = place_of(finding)
    if finding.package:
        return f"{finding.subject}{' at ' if place else ''}{place} in {image}"
    return f"{place} in {image}" if place else f"the config of {image}"


def said_of(finding: Finding) -> str:
    """`has CVE-2024-1, severity high, fixed in 1.2`; untrusted."""
    fix = f", {fix_of(finding)}" if finding.category == "vulnerability" else ""
    return f"{KINDS[finding.category].does} {finding.id}, severity {finding.severity}{fix}"


def fix_of(finding: Finding) -> str:
    """`fixed in 1.2`, or why not; untrusted, and empty for what no version could fix."""
    if finding.fixable:
        return f"fixed in {finding.fixed}"
    return f"no fix ({finding.status or 'status unknown'})" if finding.category == "vulnerability" else ""
