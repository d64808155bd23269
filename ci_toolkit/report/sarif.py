"""SARIF 2.1.0 for code scanning: one run an image and platform, made of sarif-om's objects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sarif_om

from ci_toolkit.model.findings import by_weight
from ci_toolkit.report.identity import fingerprint
from ci_toolkit.report.kinds import affected, said_of
from ci_toolkit.report.plain import plain
from ci_toolkit.report.sarif_log import MAX_RESULTS, MAX_RUNS, is_small_enough, log_of, unlinked, written
from ci_toolkit.report.sarif_rules import LEVELS, rule_id, rules_of
from ci_toolkit.report.sarif_schema import validate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.model.findings import Finding, ImageFindings, PlatformFindings
    from ci_toolkit.model.policy import Ignore


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What an image was made from, for the places alerts point at."""

    dockerfile: str
    """Relative to the repository's root, with forward slashes."""
    line: int
    """Where an alert stands whose own line isn't known: the `FROM`."""
    repository: str | None = None
    """The repository's web address."""
    revision: str | None = None
    branch: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A SARIF file, and what had to be left out of it, in plain words."""

    data: bytes
    cuts: tuple[str, ...]
    categories: tuple[str, ...]
    """One for each run in it."""


Ignored = dict[str, dict[tuple[str, str, str], "Ignore"]]
"""Platform → key of a finding → the entry that ignores it."""


def sarif_report(findings: ImageFindings, origin: Origin, *, category: str, ignored: Mapping[str, Any]) -> Report:
    """The report of an image: valid, stable over rebuilds, within GitHub's limits.

    `category` may hold `{image}` and `{platform}`. `ignored` is of the form `Ignored`. Raises IntegrityError if the
    official schema refuses what was made.
    """
    cuts = []
    if len(findings.platforms) > MAX_RUNS:
        cuts.append(f"{len(findings.platforms) - MAX_RUNS} platforms: an upload may have {MAX_RUNS} runs")
    limit = MAX_RESULTS
    while True:
        runs = [
            _run(
                findings,
                p,
                origin,
                category_of(category, findings.image, p.platform),
                ignored.get(p.platform, {}),
                limit,
            )
            for p in findings.platforms[:MAX_RUNS]
        ]
        document = log_of(runs)
        data = written(document)
        if is_small_enough(data):
            break
        limit //= 2
    left_out = sum(max(0, len(p.findings) - limit) for p in findings.platforms[:MAX_RUNS])
    if left_out:
        cuts.append(f"the {left_out} least severe findings: code scanning shows {limit} a run")
    validate(document)
    categories = tuple(category_of(category, findings.image, p.platform) for p in findings.platforms[:MAX_RUNS])
    return Report(data=data, cuts=tuple(cuts), categories=categories)


def category_of(template: str, image: str, platform: str) -> str:
    """`container/backend/linux-amd64/`: unlike every other image's and platform's, whatever the template leaves out.

    GitHub takes the text up to the last slash for the category.
    """
    flat = platform.replace("/", "-")
    text = template if "{image}" in template else f"{template.rstrip('/')}/{{image}}"
    text = text if "{platform}" in text else f"{text.rstrip('/')}/{{platform}}"
    return text.replace("{image}", image).replace("{platform}", flat).strip("/") + "/"


def _run(
    image: ImageFindings,
    platform: PlatformFindings,
    origin: Origin,
    category: str,
    ignored: Mapping[tuple[str, str, str], Ignore],
    limit: int,
) -> sarif_om.Run:
    shown = by_weight(platform.findings)[:limit]
    rules = rules_of(shown)
    positions = {identifier: position for position, identifier in enumerate(rules)}
    seen: Counter[tuple[str, str, str]] = Counter()
    results = []
    for finding in shown:
        seen[finding.key] += 1
        results.append(
            sarif_om.Result(
                rule_id=rule_id(finding),
                rule_index=positions[rule_id(finding)],
                level=LEVELS[finding.severity],
                message=sarif_om.Message(text=_message(image, platform, finding)),
                locations=[_location(origin, finding, platform.line_of(finding))],
                partial_fingerprints={
                    "primaryLocationLineHash": f"{fingerprint(image.image, finding)}:{seen[finding.key]}"
                },
                suppressions=_suppressions(ignored.get(finding.key)),
            )
        )
    return sarif_om.Run(
        tool=sarif_om.Tool(
            driver=sarif_om.ToolComponent(
                name="Trivy",
                full_name="Trivy vulnerability scanner, by ci-toolkit",
                version=plain(image.scanner_version),
                information_uri="https://github.com/aquasecurity/trivy",
                rules=list(rules.values()),
            )
        ),
        automation_details=sarif_om.RunAutomationDetails(id=category),
        column_kind="unicodeCodePoints",
        version_control_provenance=_provenance(origin),
        results=results,
        properties={
            "image": image.image,
            "platform": platform.platform,
            "digest": str(image.digest),
            "platformDigest": str(platform.digest),
            "operatingSystem": plain(platform.os),
            "findings": len(platform.findings),
            "shown": len(shown),
        },
    )


def _message(image: ImageFindings, platform: PlatformFindings, finding: Finding) -> str:
    named = f"image {image.image} ({platform.platform}, {image.digest})"
    text = f"{affected(finding, named)} {said_of(finding)}"
    whole = plain(text, 800) + (f": {plain(finding.title)}" if finding.title else "")
    return unlinked(whole)


def _location(origin: Origin, finding: Finding, line: int) -> sarif_om.Location:
    path = plain(finding.path, 500)
    return sarif_om.Location(
        physical_location=sarif_om.PhysicalLocation(
            artifact_location=sarif_om.ArtifactLocation(uri=quote(origin.dockerfile)),
            region=sarif_om.Region(start_line=line or origin.line, start_column=1),
        ),
        logical_locations=[
            sarif_om.LogicalLocation(
                name=path.rpartition("/")[2] or plain(finding.package or finding.subject),
                fully_qualified_name=path or plain(finding.component or finding.subject),
                kind="package" if finding.package and not path else "resource",
            )
        ],
    )


def _suppressions(entry: Ignore | None) -> list[sarif_om.Suppression]:
    """Empty for what is not ignored: all results of a run say it, or none (SARIF 2.1.0, 3.27.23)."""
    if entry is None:
        return []
    reason = plain(f"{entry.reason} (owner: {entry.owner}, until {entry.expires})", 1000)
    return [sarif_om.Suppression(kind="external", state="accepted", justification=reason)]


def _provenance(origin: Origin) -> list[sarif_om.VersionControlDetails] | None:
    if not origin.repository or not origin.repository.startswith("https://"):
        return None
    return [
        sarif_om.VersionControlDetails(
            repository_uri=origin.repository, revision_id=origin.revision, branch=origin.branch
        )
    ]
