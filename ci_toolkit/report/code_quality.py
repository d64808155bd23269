"""GitLab's code quality report: findings beside the Dockerfile in merge requests of every tier.

Source: GitLab, "Code Quality", report format (a part of Code Climate's): a JSON array without a byte order mark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.findings import Severity
from ci_toolkit.report.distinct import not_ignored
from ci_toolkit.report.identity import fingerprint
from ci_toolkit.report.ignored import ignored_everywhere, ignored_words
from ci_toolkit.report.kinds import KINDS, fix_of
from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.errors import SourceLine
    from ci_toolkit.model.distinct import Distinct
    from ci_toolkit.model.findings import Finding, ImageFindings
    from ci_toolkit.model.policy import Ignore

MOST_ENTRIES = 1_000
"""A merge request's page shows them all in one list: more of them nobody reads, and GitLab compares each with each."""
_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.UNKNOWN: "info",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeQuality:
    """The file's bytes, and how many findings had to be left out of it."""

    data: bytes
    left_out: int


def code_quality_report(
    findings: ImageFindings, place: SourceLine, *, ignored: Mapping[str, Mapping[tuple[str, str, str], Ignore]]
) -> CodeQuality:
    """Every finding once, worst first, the least severe left out beyond `MOST_ENTRIES`.

    What is ignored (as `ignored_everywhere` has it) comes last, as information, and keeps its fingerprint: GitLab
    would show it as fixed, and once its entry expires as new. Each stands at the line that brought it, where that is
    known, else at `place`: the Dockerfile and the line of its `FROM`.
    """
    found = [
        *((each, None) for each in not_ignored(findings, ignored)),
        *ignored_everywhere(findings, ignored),
    ]
    entries = [_entry(each, findings.image, place, entry) for each, entry in found[:MOST_ENTRIES]]
    return CodeQuality(data=written(entries), left_out=len(found) - len(entries))


def joined_code_quality(reports: Sequence[bytes]) -> bytes:
    """One report of those of several images: a job may hand GitLab a single one (see `joined_reports`)."""
    return written([entry for report in reports for entry in json.loads(report)])


def written(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The file of these entries."""
    return (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _entry(found: Distinct, image: str, place: SourceLine, ignore: Ignore | None) -> dict[str, Any]:
    finding = found.finding
    line = f":{finding.start_line}" if finding.start_line else ""
    about = f"{finding.id} ({finding.severity}) in {finding.subject}{line} of image {image}"
    parts = [plain(part) for part in (about, fix_of(finding), finding.title) if part]
    return {
        "description": f"{parts[0]}, {ignored_words(ignore)}" if ignore else ": ".join(parts),
        "check_name": _check_name(finding),
        "fingerprint": fingerprint(image, finding),
        "severity": "info" if ignore else _SEVERITIES[finding.severity],
        "location": {"path": place.file, "lines": {"begin": found.line or place.line}},
    }


def _check_name(finding: Finding) -> str:
    """The vulnerability's id; of another kind with the kind before it: `secret: aws-access-key-id`."""
    kind = "" if finding.category == "vulnerability" else f"{KINDS[finding.category].noun}: "
    return kind + (plain(finding.id, 200) or "unknown")
