"""What is in an image, as tables: numbers by severity and platform, what the gate refuses, and the rest folded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.findings import Counts, Severity, by_weight
from ci_toolkit.report.kinds import KINDS, fix_of, place_of
from ci_toolkit.report.markdown_advice import advice
from ci_toolkit.report.markdown_blocks import Rank, Row, cells, excerpt, folded, table, text_block
from ci_toolkit.report.plain import code, link, markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_toolkit.model.findings import Finding, ImageFindings
    from ci_toolkit.model.gate import Decision, PlatformDecision
    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import ImageReport

_SEVERITIES = sorted(Severity, reverse=True)
_SHOWN = 5
"""Blocking findings that stand open; the others are folded."""
_MOST_BLOCKING = 1000
_MOST_OTHERS = 200
"""More rows than this is a file's business, not a page's."""
_COLUMNS = ("Severity", "Finding", "Where", "Installed", "Fixed in", "Title")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A finding, once over all platforms."""

    finding: Finding
    platforms: tuple[str, ...]
    """Empty where every platform has it."""


def findings_of_image(image: ImageReport) -> Iterator[Block]:
    """The numbers, what to do, what the gate refuses (the first few openly), the rest folded."""
    if image.left_out:
        yield text_block(f"⚠️ Its findings are left out here: {markdown(image.left_out)}")
    findings, decision = image.findings, image.decision
    if findings is None or decision is None:
        return
    found = _merged(findings)
    if not found:
        return
    blocking = {finding.key for finding in decision.blocking}
    refused = [f for f in found if f.finding.key in blocking]
    ignored = {f.key for p in decision.platforms.values() for f, _ in p.ignored} - blocking
    others = [f for f in found if f.finding.key not in blocking | ignored]
    yield _numbers(findings, decision, found, _where(image))
    yield from advice(image, [f.finding for f in refused])
    yield from _blocking(refused, _where(image))
    if others:
        rows = [
            _row(f, Rank.SEVERE if f.finding.severity >= Severity.HIGH else Rank.MINOR) for f in others[:_MOST_OTHERS]
        ]
        block = excerpt(table(_COLUMNS, rows), len(others), f"findings; all are in {_where(image)}")
        words = "1 finding that doesn't" if len(others) == 1 else f"{len(others):,} findings that don't"
        yield folded(f"{words} block", block)


def _merged(image: ImageFindings) -> list[_Found]:
    """Every finding once, worst first, as the worst platform has it."""
    worst: dict[tuple[str, str, str], Finding] = {}
    platforms: dict[tuple[str, str, str], dict[str, None]] = {}
    for platform in image.platforms:
        for finding in platform.findings:
            key = finding.key
            platforms.setdefault(key, {})[platform.platform] = None
            if finding.severity > worst.setdefault(key, finding).severity:
                worst[key] = finding
    everywhere = len(image.platforms)
    named = {key: tuple(names) if len(names) < everywhere else () for key, names in platforms.items()}
    return [_Found(finding=finding, platforms=named[finding.key]) for finding in by_weight(worst.values())]


def _numbers(findings: ImageFindings, decision: Decision, found: Sequence[_Found], where: str) -> Block:
    several = len(findings.platforms) > 1
    rows = [
        Row(
            _count_row(code(p.platform), decision.platforms.get(p.platform), p.findings),
            Rank.PLATFORM if several else Rank.ALWAYS,
        )
        for p in findings.platforms
    ]
    if several:
        rows.insert(0, Row(_count_row("**all platforms**", None, [f.finding for f in found], decision=decision)))
    block = table(("Platform", *(str(s).capitalize() for s in _SEVERITIES), "Fixable", "Ignored"), rows, numbers=True)
    return excerpt(block, len(rows), f"platforms; all are in {where}")


def _count_row(
    label: str, platform: PlatformDecision | None, findings: Iterable[Finding], *, decision: Decision | None = None
) -> str:
    findings = list(findings)
    by_severity = Counts.of(finding.severity for finding in findings).as_json()
    fixable = sum(finding.fixable for finding in findings)
    ignored = decision.ignored if decision else len(platform.ignored) if platform else 0
    mark = {"fail": " ⛔", "pass": " ✅"}.get(platform.verdict if platform else "", "")
    numbers = [by_severity[str(severity)] for severity in _SEVERITIES]
    return cells(label + mark, *(f"{number:,}" if number else "·" for number in (*numbers, fixable, ignored)))


def _blocking(refused: Sequence[_Found], where: str) -> Iterator[Block]:
    if not refused:
        return
    words = "1 finding blocks" if len(refused) == 1 else f"{len(refused):,} findings block"
    yield text_block(f"**{words}**" + (", the worst first:" if len(refused) > 1 else ":"))
    what = f"blocking findings; all are in {where}"
    opened, rest = refused[:_SHOWN], refused[_SHOWN:]
    yield excerpt(table(_COLUMNS, [_row(f, Rank.BLOCKING) for f in opened]), len(opened), what)
    if rest:
        rows = [_row(f, Rank.BLOCKING) for f in rest[:_MOST_BLOCKING]]
        yield folded(f"{len(rest):,} more that block", excerpt(table(_COLUMNS, rows), len(rest), what))


def _row(found: _Found, rank: Rank) -> Row:
    finding = found.finding
    where = f"<br>at {code(place_of(finding), 120)}" if finding.path else ""
    only = f"<br>only on {', '.join(map(code, found.platforms))}" if found.platforms else ""
    return Row(
        cells(
            str(finding.severity),
            link(markdown(finding.id, 60), finding.url),
            (code(finding.package, 100) or KINDS[finding.category].noun) + where + only,
            code(finding.installed, 60),
            code(finding.fixed, 60) if finding.fixable else markdown(fix_of(finding), 60),
            markdown(finding.title, 100),
        ),
        rank,
    )


def _where(image: ImageReport) -> str:
    return code(image.state.reports.get("findings", "findings.json"))
