"""What lint found, for a terminal or a log, and as remarks beside the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.annotation import Annotation
from ci_toolkit.model.lint import RULES
from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_toolkit.model.lint import LintReport

_LONGEST = 1000


def finding_lines(report: LintReport) -> Iterator[str]:
    """`file:line:column: level: message [rule]`, one a finding."""
    for f in report.findings:
        yield plain(f"{f.file}:{f.line}:{f.column}: {f.level}: {f.message} [{f.rule}]", _LONGEST)


def passed_lines(report: LintReport) -> Iterator[str]:
    """`file:line:column: skipped: …`, one an image that was passed over."""
    for p in report.passed:
        yield plain(f"{p.file}:{p.line}:{p.column}: skipped: {p.image}: {p.reason}", _LONGEST)


def closing_lines(report: LintReport) -> Iterator[str]:
    """What to do about each rule that is broken, and the totals."""
    broken = {finding.rule for finding in report.findings}
    if broken:
        yield ""
    yield from (f"{rule}: {text.advice}" for rule, text in RULES.items() if rule in broken)
    skipped = f", {len(report.passed)} skipped" if report.passed else ""
    images = f"{_counted(report.files, 'file')}, {_counted(report.images, 'image')}{skipped}"
    yield f"{images}: {totals(report)}"


def totals(report: LintReport) -> str:
    """`2 errors, 1 warning`."""
    counted = [_counted(report.count(level), level) for level in ("error", "warning") if report.count(level)]
    return ", ".join(counted) or "nothing to complain of"


def lint_annotations(report: LintReport, from_top: Callable[[str], str]) -> tuple[Annotation, ...]:
    """A remark for each finding, at its place. `from_top`: a file as it is named from the repository's top."""
    return tuple(
        Annotation(
            level=f.level,
            title=RULES[f.rule].title,
            message=plain(f"{f.message}. Next: {RULES[f.rule].advice}", _LONGEST),
            file=plain(from_top(f.file), _LONGEST),
            line=f.line,
            column=f.column,
        )
        for f in report.findings
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
