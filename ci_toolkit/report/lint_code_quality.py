"""GitLab's code quality report of what lint found: remarks beside the manifests in merge requests of every tier."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ci_toolkit.report.code_quality import MOST_ENTRIES, written
from ci_toolkit.report.identity import hashed
from ci_toolkit.report.lint_identity import known_by
from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_toolkit.model.lint import LintFinding

_SEVERITIES = {"error": "major", "warning": "minor"}


def lint_code_quality(findings: Sequence[LintFinding], from_top: Callable[[str], str]) -> tuple[bytes, int]:
    """The file, and how many findings had to be left out of it; warnings go first.

    `from_top`: a file as it is named from the repository's top.
    """
    shown = sorted(findings, key=lambda finding: finding.level != "error")[:MOST_ENTRIES]
    seen: Counter[str] = Counter()
    entries = []
    for finding in shown:
        file = from_top(finding.file)
        identity = known_by(finding, file)
        seen[identity] += 1
        entries.append(
            {
                "description": plain(finding.message, 1000),
                "check_name": finding.rule,
                "fingerprint": hashed(identity, str(seen[identity])),
                "severity": _SEVERITIES[finding.level],
                "location": {"path": file, "lines": {"begin": finding.line}},
            }
        )
    return written(entries), len(findings) - len(shown)
