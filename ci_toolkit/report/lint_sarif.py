"""SARIF 2.1.0 of what lint found: one run, with every rule in it, whatever was found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

import sarif_om

from ci_toolkit.model.lint import RULES
from ci_toolkit.report.lint_identity import known_by
from ci_toolkit.report.plain import plain, prose
from ci_toolkit.report.sarif_log import MAX_RESULTS, is_small_enough, log_of, unlinked, written
from ci_toolkit.report.sarif_schema import validate
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_toolkit.model.lint import LintFinding, Rule, RuleText

_CATEGORY = "ci-toolkit/lint/"


def lint_sarif(findings: Sequence[LintFinding], from_top: Callable[[str], str]) -> tuple[bytes, int]:
    """The file, within GitHub's limits, and how many findings had to be left out of it; warnings go first.

    `from_top`: a file as it is named from the repository's top. A new tag or digest of the same image is the same
    alert. Raises IntegrityError if the official schema refuses what was made.
    """
    worst_first = sorted(findings, key=lambda finding: finding.level != "error")
    limit = MAX_RESULTS
    while True:
        shown = worst_first[:limit]
        document = log_of([_run(shown, from_top)])
        data = written(document)
        if is_small_enough(data):
            break
        limit //= 2
    validate(document)
    return data, len(findings) - len(shown)


def _run(findings: Sequence[LintFinding], from_top: Callable[[str], str]) -> sarif_om.Run:
    positions = {rule: position for position, rule in enumerate(RULES)}
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        file = from_top(finding.file)
        identity = known_by(finding, file)
        seen[identity] += 1
        results.append(
            sarif_om.Result(
                rule_id=finding.rule,
                rule_index=positions[finding.rule],
                level=finding.level,
                message=sarif_om.Message(text=unlinked(plain(finding.message, 1000))),
                locations=[_location(file, finding)],
                partial_fingerprints={"primaryLocationLineHash": f"{identity}:{seen[identity]}"},
            )
        )
    return sarif_om.Run(
        tool=sarif_om.Tool(
            driver=sarif_om.ToolComponent(
                name="ci-toolkit lint",
                version=__version__,
                rules=[_rule(rule, text) for rule, text in RULES.items()],
            )
        ),
        automation_details=sarif_om.RunAutomationDetails(id=_CATEGORY),
        column_kind="unicodeCodePoints",
        results=results,
    )


def _rule(rule: Rule, text: RuleText) -> sarif_om.ReportingDescriptor:
    return sarif_om.ReportingDescriptor(
        id=rule,
        name=rule.title().replace("-", ""),
        short_description=sarif_om.MultiformatMessageString(text=text.title),
        full_description=sarif_om.MultiformatMessageString(text=text.why),
        help=sarif_om.MultiformatMessageString(
            text=f"{text.why} Next: {text.advice}.", markdown=f"{prose(text.why)}\n\n**Next:** {prose(text.advice)}."
        ),
        properties={"precision": "very-high", "tags": ["security", "supply-chain"]},
    )


def _location(file: str, finding: LintFinding) -> sarif_om.Location:
    return sarif_om.Location(
        physical_location=sarif_om.PhysicalLocation(
            artifact_location=sarif_om.ArtifactLocation(uri=quote(file.encode("utf-8", "replace"))),
            region=sarif_om.Region(start_line=finding.line, start_column=finding.column),
        )
    )
