"""Entries of the triage that want to be looked at, as remarks at their own lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.annotation import Annotation
from ci_toolkit.report.triage import triaged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.model.triage import Triaged
    from ci_toolkit.report.run_report import RunReport


def triage_annotations(report: RunReport) -> Iterator[Annotation]:
    """Warnings of what expired, expires soon, or has a fix by now."""
    for found in triaged(report):
        if message := _message(found):
            place = report.ignore_places.get(found.entry)
            yield Annotation(
                level="warning",
                title=f"triage of {found.entry.label}",
                message=f"{found.entry.label} {message} (owner: {found.entry.owner})",
                file=place.file if place else report.config_file,
                line=place.line if place else None,
            )


def _message(found: Triaged) -> str:
    expires = found.entry.expires
    fixes = f"has a fix now: {', '.join(found.fixes)}" if found.fixes else ""
    return {
        "expired": f"expired on {expires} and counts no more" + (f"; it {fixes}" if fixes else ""),
        "has a fix": f"is ignored, but {fixes}",
        "expires soon": f"is ignored until {expires} only",
    }.get(found.standing, "")
