"""What pinning came to, for people: what changed where, totals, what was left alone and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.annotation import Annotation
from ci_toolkit.model.plan import Action
from ci_toolkit.report.annotations import MOST
from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ci_toolkit.model.annotation import Level
    from ci_toolkit.model.pins import PinReport

_SHOWN = 3
"""Places of what was skipped for one reason."""


def pins_text(report: PinReport) -> str:
    """One line a change, a line of totals, a line for each reason why something was skipped."""
    lines = [f"{edit.file}:{edit.line}: {edit.old} → {edit.new}" for edit in report.edits]
    lines.append(_totals(report))
    lines += _grouped("skipped", ((f"{s.file}:{s.line}", s.reason) for s in report.skipped))
    lines += _grouped(
        "unreadable", ((f"{f.file}:{f.line}" if f.line else f.file, f.reason) for f in report.unreadable)
    )
    return "\n".join(plain(line, limit=1000) for line in lines)


def pins_plan(report: PinReport) -> list[Action]:
    """What would be written, as a plan."""
    return [
        Action(step="pin", kind="write", summary=f"{edit.file}:{edit.line}: {edit.old} → {edit.new}", path=edit.file)
        for edit in report.edits
    ]


def pins_annotations(report: PinReport) -> list[Annotation]:
    """The changes beside the code: errors where they are only wanted. One error less, for the failure itself."""
    level: Level = "notice" if report.written else "error"
    return [
        Annotation(
            level=level,
            title="pinned" if report.written else "not pinned",
            message=f"{edit.old} → {edit.new}",
            file=edit.file,
            line=edit.line,
            column=edit.column,
        )
        for edit in report.edits[: MOST if report.written else MOST - 1]
    ]


def _totals(report: PinReport) -> str:
    edits, same = len(report.edits), len(report.places) - len(report.edits)
    kept = f"{_count(same, 'place')} {'has' if same == 1 else 'have'} the digest already" if same else ""
    where = f"in {_count(len(report.files), 'file')} of {report.looked_at}"
    if not edits:
        return f"nothing to pin in {_count(report.looked_at, 'file')}" + (f": {kept}" if kept else "")
    done = f"{_count(edits, 'place')} {where} {'pinned' if report.written else 'to be pinned'}"
    return f"{done}; {kept}" if kept else done


def _grouped(word: str, places: Iterable[tuple[str, str]]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for place, reason in places:
        by_reason.setdefault(reason, []).append(place)
    for reason, found in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        yield f"{word}: {reason}: {', '.join(found[:_SHOWN])}{more}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
