"""Two scans held against each other, for a terminal and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.plain import code, link, markdown, minute, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.model.findings import Finding, ImageFindings
    from ci_toolkit.model.findings_diff import Changed, ImageDiff

_MOST = 200
"""Rows of a kind: more of them nobody reads; JSON has everything."""
_WIDTHS = (1, 8, 24, 44, 24, 72)


def diff_lines(diffs: Sequence[ImageDiff]) -> Iterator[str]:
    """A headline an image, then a line a difference: `+` new, `-` gone, `~` changed. Text from outside is harmless."""
    for diff in diffs:
        yield f"{' → '.join(map(plain, diff.names))}: {counted(diff)}"
        rows = [[plain(cell, width) for cell, width in zip(row, _WIDTHS, strict=True)] for row in _rows(diff)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if left := _left_out(diff):
            yield f"  … and {left} more: --format json has them all"


def diff_markdown(diffs: Sequence[ImageDiff]) -> str:
    """A section an image. Nothing that comes from databases or images acts in it."""
    return "\n".join(line for diff in diffs for line in _section(diff))


def counted(diff: ImageDiff) -> str:
    """`2 new, 1 gone, 1 changed, 40 unchanged`."""
    return f"{len(diff.appeared)} new, {len(diff.gone)} gone, {len(diff.changed)} changed, {diff.unchanged} unchanged"


def _section(diff: ImageDiff) -> Iterator[str]:
    yield f"### {' → '.join(map(markdown, diff.names))}: {counted(diff)}"
    yield ""
    yield f"{_side(diff.old)} → {_side(diff.new)}"
    yield ""
    rows = list(_rows(diff))
    if rows:
        yield "| | Severity | Finding | Where | Fixed in | Title |"
        yield "|---|---|---|---|---|---|"
    urls = [finding.url for finding in _shown(diff)]
    words = {"+": "new", "-": "gone", "~": "changed"}
    for (mark, severity, identifier, subject, fix, title), url in zip(rows, urls, strict=True):
        name = link(markdown(identifier, 60), url)
        cells = (words[mark], severity, name, code(subject, 120), markdown(fix, 60), markdown(title, 100))
        yield f"| {' | '.join(cells)} |"
    if left := _left_out(diff):
        yield ""
        yield f"… and {left:,} more: `--format json` has them all."
    yield ""


def _side(findings: ImageFindings | None) -> str:
    return f"{code(findings.digest.short)} ({markdown(minute(findings.scanned_at))})" if findings else "not scanned"


def _shown(diff: ImageDiff) -> list[Finding]:
    changed = [each.after for each in diff.changed[:_MOST]]
    return [*diff.appeared[:_MOST], *changed, *diff.gone[:_MOST]]


def _rows(diff: ImageDiff) -> Iterator[tuple[str, ...]]:
    for finding in diff.appeared[:_MOST]:
        yield ("+", str(finding.severity), finding.id, finding.subject, _fix(finding), finding.title)
    for each in diff.changed[:_MOST]:
        yield _changed(each)
    for finding in diff.gone[:_MOST]:
        yield ("-", str(finding.severity), finding.id, finding.subject, _fix(finding), finding.title)


def _changed(each: Changed) -> tuple[str, ...]:
    before, after = each.before, each.after
    told = []
    if before.severity != after.severity:
        told.append(f"was {before.severity}")
    if _fix(before) != _fix(after):
        told.append(f"was {_fix(before)}")
    said = f"{', '.join(told)}: {after.title}" if after.title else ", ".join(told)
    return ("~", str(after.severity), after.id, after.subject, _fix(after), said)


def _fix(finding: Finding) -> str:
    return finding.fixed if finding.fixable else finding.status or "no fix"


def _left_out(diff: ImageDiff) -> int:
    return len(diff.appeared) + len(diff.changed) + len(diff.gone) - len(_shown(diff))
