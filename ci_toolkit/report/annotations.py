"""A run as remarks beside the code: what to mend, at the line where it is mended."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, get_args

from ci_toolkit.errors import VerdictError
from ci_toolkit.model.annotation import Annotation, Level
from ci_toolkit.report.annotations_failure import failure_annotations
from ci_toolkit.report.annotations_findings import findings_annotations
from ci_toolkit.report.annotations_triage import triage_annotations
from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.report.run_report import RunReport

MOST = 10
"""Annotations of one level that GitHub shows of a step (docs: workflow commands; actions/runner, `_maxIssueCount`)."""
_TITLE = 64
_MESSAGE = 4096


def annotations_of(report: RunReport) -> tuple[Annotation, ...]:
    """Errors, then warnings, then notices, at most ten of each: the last of too many says how many more there are.

    Of a run that failed there are at most nine errors: the tenth is the failure's own, the last word in the log.
    """
    made = list(_all(report))
    most = {level: MOST - (level == "error" and report.failure is not None) for level in get_args(Level)}
    by_level = {level: [a for a in made if a.level == level] for level in most}
    return tuple(chain.from_iterable(_few(found, most[level]) for level, found in by_level.items()))


def _all(report: RunReport) -> Iterator[Annotation]:
    findings = list(findings_annotations(report)) if report.is_about_findings else []
    told = isinstance(report.failure, VerdictError) and bool(findings)
    if report.failure and not told:
        yield from failure_annotations(report.failure, place=report.failure_place, root=report.root)
    yield from findings
    if report.is_about_findings:
        yield from triage_annotations(report)
    for pin in report.pins:
        if pin.old != pin.new and pin.repository is None:
            yield Annotation(
                level="notice",
                title="pinned",
                message=f"{pin.old} → {pin.new}",
                file=report.from_top(pin.file),
                line=pin.line,
            )


def _few(annotations: Sequence[Annotation], most: int) -> Iterator[Annotation]:
    shown = annotations if len(annotations) <= most else annotations[: most - 1]
    for annotation in shown:
        yield Annotation(
            level=annotation.level,
            title=plain(annotation.title, _TITLE),
            message=plain(annotation.message, _MESSAGE),
            file=annotation.file,
            line=annotation.line,
            column=annotation.column,
        )
    if more := len(annotations) - len(shown):
        level = annotations[0].level
        message = f"and {more} more {level}s, in the summary of this job"
        yield Annotation(level=level, title=f"{more} more", message=message)
