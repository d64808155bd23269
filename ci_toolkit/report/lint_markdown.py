"""What lint found, as the page of a job: all of it, where annotations beside the code are ten at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.lint import RULES
from ci_toolkit.report.lint_text import totals
from ci_toolkit.report.markdown_blocks import Rank, Row, cells, excerpt, fitted, table, text_block
from ci_toolkit.report.plain import code, prose

if TYPE_CHECKING:
    from ci_toolkit.model.lint import LintReport

_MOST = 500


def lint_markdown(report: LintReport, *, limit: int) -> str:
    """The page, in at most `limit` bytes of UTF-8: errors first, and how many findings are missing."""
    worst_first = sorted(report.findings, key=lambda finding: finding.level != "error")
    rows = [
        Row(
            cells(code(f"{f.file}:{f.line}", 200), f.level, prose(f.message, 500), code(f.rule)),
            Rank.BLOCKING if f.level == "error" else Rank.MINOR,
        )
        for f in worst_first[:_MOST]
    ]
    found = excerpt(table(("place", "level", "what", "rule"), rows), len(worst_first), "findings: all are in the log")
    broken = {finding.rule for finding in report.findings}
    advice = (f"- {code(rule)}: {prose(text.advice)}" for rule, text in RULES.items() if rule in broken)
    title = "⛔ Lint" if report.count("error") else "Lint"
    return fitted([text_block(f"## {title}: {totals(report)}"), text_block(*advice), found], limit)
