"""The entries of the triage that a run met: those to look at openly, those in good order folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.markdown_blocks import Rank, Row, cells, excerpt, folded, table, text_block
from ci_toolkit.report.plain import code, markdown
from ci_toolkit.report.triage import triaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ci_toolkit.model.triage import Triaged
    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import RunReport

_MOST = 100
_COLUMNS = ("Entry", "Standing", "Expires", "Owner", "Reason")


def triage(report: RunReport) -> Iterator[Block]:
    """What to look at, then what is in order; nothing where no entry was met."""
    met = triaged(report)
    urgent = [t for t in met if t.standing != "used"]
    in_order = [t for t in met if t.standing == "used"]
    files = dict.fromkeys([report.config_file, *sorted({place.file for place in report.ignore_places.values()})])
    what = f"entries; all are in {' and '.join(code(file) for file in files if file) or 'the config'}"
    if urgent:
        yield text_block("### Triage to look at")
        yield excerpt(table(_COLUMNS, [_row(t, report.today) for t in urgent[:_MOST]]), len(urgent), what)
    if in_order:
        words = "1 triage entry" if len(in_order) == 1 else f"{len(in_order)} triage entries"
        block = table(_COLUMNS, [_row(t, report.today) for t in in_order[:_MOST]])
        yield folded(f"{words} in good order", excerpt(block, len(in_order), what))


def _row(triaged: Triaged, today: date) -> Row:
    entry = triaged.entry
    days = (entry.expires - today).days
    when = f"{entry.expires}" + (f" (in {days} days)" if triaged.standing == "expires soon" else "")
    row = cells(markdown(entry.label), _standing(triaged), when, markdown(entry.owner, 80), markdown(entry.reason))
    return Row(row, Rank.TRIAGE)


def _standing(triaged: Triaged) -> str:
    fixes = f": {', '.join(code(fix, 80) for fix in triaged.fixes[:5])}" if triaged.fixes else ""
    return {
        "expired": "⚠️ **expired**, counts no more" + (f"; has a fix{fixes}" if fixes else ""),
        "has a fix": f"⚠️ **has a fix now**{fixes}",
        "expires soon": "⏳ expires soon",
        "matches nothing": "matches nothing: still needed?",
        "used": "used",
        "not scanned": "not scanned",
    }[triaged.standing]
