"""A scan for people and for machines: one table an image, kind by kind, the base image's share apart."""

from __future__ import annotations

from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ci_toolkit.model.explanation import way_out_of
from ci_toolkit.model.findings import Counts, Severity
from ci_toolkit.report.distinct import shares
from ci_toolkit.report.explanation_lines import explanation_lines
from ci_toolkit.report.judged import judged
from ci_toolkit.report.plain import WIDE, plain
from ci_toolkit.report.table_sections import MARKS, WHOSE, Section, sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.model.explanation import Explanation
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import Ignore
    from ci_toolkit.report.judged import Judged, Standing
    from ci_toolkit.state import ImageState

_LIMIT = 30
_IGNORED = 10
_NARROW = 100
"""Below so many characters the title is worth more than whose word the severity is."""
_STYLES = {Severity.CRITICAL: "bold red", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "dim"}


def scan_table(
    findings: ImageFindings,
    image: ImageState,
    decision: Decision,
    explanation: Explanation,
    *,
    limit: int = _LIMIT,
    width: int = WIDE,
    color: bool = False,
) -> str:
    """The findings of an image, each once over all platforms, and what to do about those that block.

    At most `limit` findings, those that block and the worst first, then how many more there are. `width` in
    characters. Text from outside is made harmless.
    """
    everything = judged(findings, decision, ())
    lines = [_headline(findings, image)]
    if told := shares([each.found for each in everything]):
        lines.append(f"  {told}")
    open_ones = [each for each in everything if each.standing != "ignored"]
    first = sorted(open_ones, key=lambda each: each.standing != "blocking")[:limit]
    shown = {id(each) for each in first}
    lines += _faults(decision)
    for section in sections(everything=[each for each in open_ones if id(each) in shown], findings=findings):
        lines += ["", section.title, *_drawn(section, width, color=color)]
    if len(open_ones) > limit:
        where = image.reports.get("findings")
        lines.append("")
        lines.append(f"  … and {len(open_ones) - limit} more" + (f" in {where}" if where else ""))
    if used := {each.standing for each in first} & MARKS.keys():
        lines += ["", f"  {_legend(used, decision)}"]
    lines += [*_ignored(everything, width), *_apart(explanation, width)]
    return "\n".join(lines)


def scan_json(
    findings: ImageFindings, image: ImageState, decision: Decision, explanation: Explanation
) -> dict[str, Any]:
    """The findings file's document, with the gate's word on it: an image's part of `schemas/report.schema.json`."""
    return {
        **findings.as_json(),
        "verdict": image.verdict,
        "platform_verdicts": dict(image.platform_verdicts),
        "counts": findings.counts().as_json(),
        "ignored": image.ignored,
        "ignored_findings": [
            {"platform": name, "id": f.id, "subject": f.subject, "path": f.path, **_entry(entry)}
            for name, platform in decision.platforms.items()
            for f, entry in platform.ignored
        ],
        "blocking": list(image.blocking),
        "explanation": explanation.as_json(),
    }


def _entry(entry: Ignore) -> dict[str, str]:
    return {"reason": entry.reason, "owner": entry.owner, "expires": str(entry.expires)}


def _faults(decision: Decision) -> Iterator[str]:
    """What refused the image besides findings, and the way out, each once with its platforms."""
    platforms: dict[str, list[str]] = {}
    for name, platform in decision.platforms.items():
        for fault in platform.faults:
            platforms.setdefault(fault, []).append(name)
    for fault, names in platforms.items():
        yield f"  ! {', '.join(names)}: {plain(fault)}"
        yield f"    next: {way_out_of(fault)}"


def _legend(used: set[Standing], decision: Decision) -> str:
    words = {standing: f"{mark} {word}" for standing, (mark, word) in MARKS.items() if standing in used}
    if "deployed" in words:
        words["deployed"] += f" in {plain(decision.baseline)}"
    return "   ".join(words.values())


def _headline(findings: ImageFindings, image: ImageState) -> str:
    platforms = ", ".join(
        f"{p.platform} {image.platform_verdicts.get(p.platform, 'not judged')}" for p in findings.platforms
    )
    name = (
        findings.image
        if findings.image.endswith(str(findings.digest))
        else f"{findings.image} {findings.digest.short}"
    )
    head = f"{name}: {image.verdict or 'not judged'} ({platforms})"
    ignored = f", {image.ignored} ignored" if image.ignored else ""
    return f"{head}; {_counted(findings.counts()) or 'nothing found'}{ignored}"


def _drawn(section: Section, width: int, *, color: bool) -> list[str]:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    kept = [number for number, (heading, _) in enumerate(section.columns) if width >= _NARROW or heading != WHOSE]
    for heading, smallest in (section.columns[number] for number in kept):
        table.add_column(heading, no_wrap=not smallest, min_width=smallest or None)
    for row in section.rows:
        cells = [Text(plain(cell, 72), no_wrap=True, overflow="ellipsis") for cell in row.cells]
        cells[1].stylize(_STYLES.get(row.severity, ""))
        table.add_row(*(cells[number] for number in kept))
    console = Console(
        file=StringIO(), width=width - 2, color_system="standard" if color else None, force_terminal=color,
        highlight=False,
    )  # fmt: skip
    with console.capture() as captured:
        console.print(table)
    return [f"  {line.rstrip()}" for line in captured.get().splitlines()]


def _ignored(everything: Sequence[Judged], width: int) -> Iterator[str]:
    """What was triaged and why, once for each reason."""
    ignored = sorted((each for each in everything if each.standing == "ignored"), key=lambda each: each.why)
    groups = [(why, list(group)) for why, group in groupby(ignored, key=lambda each: each.why)]
    if groups:
        yield ""
        yield f"ignored: {len(ignored)}"
    for why, group in groups[:_IGNORED]:
        first = group[0].found.finding
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        yield "  " + plain(f"{first.id} {first.subject}{more}: {why}", max(width - 2, 40))
    if len(groups) > _IGNORED:
        yield f"  … for {len(groups) - _IGNORED} more reasons"


def _apart(explanation: Explanation, width: int) -> Iterator[str]:
    for number, line in enumerate(explanation_lines(explanation, width)):
        if not number:
            yield ""
        yield line


def _counted(counts: Counts) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.as_json().items() if number)
