"""What is in an image, as tables: numbers by severity and platform, what the gate refuses, and the rest folded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.findings import Counts, Severity
from ci_toolkit.report.distinct import shares
from ci_toolkit.report.judged import judged
from ci_toolkit.report.kinds import place_of
from ci_toolkit.report.markdown_blocks import Rank, Row, cells, excerpt, folded, table, text_block
from ci_toolkit.report.markdown_explanation import what_to_do
from ci_toolkit.report.plain import code, link, markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_toolkit.model.distinct import Distinct
    from ci_toolkit.model.findings import Finding, ImageFindings
    from ci_toolkit.model.gate import Decision, PlatformDecision
    from ci_toolkit.report.judged import Judged, Standing
    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import ImageReport

_SEVERITIES = sorted(Severity, reverse=True)
_SHOWN = 5
"""Blocking findings that stand open; the others are folded."""
_MOST_BLOCKING = 1000
_MOST_OTHERS = 200
"""More rows than this is a file's business, not a page's."""
_COLUMNS = ("Severity", "Finding", "Where", "Installed", "Fix", "Title")
_STANDINGS: Mapping[Standing, tuple[str, str]] = {
    "blocking": ("", ""),
    "waiting": ("1 finding that waits in its grace period", "findings that wait in their grace period"),
    "deployed": ("1 finding that is deployed already", "findings that are deployed already"),
    "ignored": ("1 finding that is ignored", "findings that are ignored"),
    "": ("1 finding that doesn't block", "findings that don't block"),
}


def findings_of_image(image: ImageReport) -> Iterator[Block]:
    """The numbers, what to do, what the gate refuses (the first few openly), the rest folded."""
    if image.left_out:
        yield text_block(f"⚠️ Its findings are left out here: {markdown(image.left_out)}")
    findings, decision = image.findings, image.decision
    if findings is None or decision is None:
        return
    everything = judged(findings, decision, ())
    if not everything:
        return
    found = [each.found for each in everything]
    where = code(image.state.reports.get("findings", "findings.json"))
    yield _numbers(findings, decision, found, where)
    if told := shares(found):
        yield text_block(f"From the {told}")
    if image.explanation:
        yield from what_to_do(image.explanation)
    rows = _Rows(image.dockerfile, len(findings.platforms))
    by_standing = {word: [each for each in everything if each.standing == word] for word in _STANDINGS}
    yield from _blocking(by_standing["blocking"], rows, where)
    for standing, (one, many) in _STANDINGS.items():
        others = by_standing[standing]
        if not others or standing == "blocking":
            continue
        block = excerpt(
            table(_COLUMNS, map(rows.of_other, others[:_MOST_OTHERS])), len(others), f"findings; all are in {where}"
        )
        yield folded(one if len(others) == 1 else f"{len(others):,} {many}", block)


def _numbers(findings: ImageFindings, decision: Decision, found: Sequence[Distinct], where: str) -> Block:
    several = len(findings.platforms) > 1
    rows = [
        Row(
            _count_row(
                code(p.platform),
                decision.platforms.get(p.platform),
                [each.finding for each in found if p in each.platforms],
            ),
            Rank.PLATFORM if several else Rank.ALWAYS,
        )
        for p in findings.platforms
    ]
    if several:
        rows.insert(0, Row(_count_row("**all platforms**", None, [f.finding for f in found], decision=decision)))
    block = table(("Platform", *(str(s).capitalize() for s in _SEVERITIES), "Fixable", "Ignored"), rows, numbers=True)
    return excerpt(block, len(rows), f"platforms; all are in {where}")


def _count_row(
    label: str, platform: PlatformDecision | None, findings: Sequence[Finding], *, decision: Decision | None = None
) -> str:
    by_severity = Counts.of(finding.severity for finding in findings).as_json()
    fixable = sum(finding.fixable for finding in findings)
    ignored = decision.ignored if decision else len({f.key for f, _ in platform.ignored}) if platform else 0
    mark = {"fail": " ⛔", "pass": " ✅"}.get(platform.verdict if platform else "", "")
    numbers = [by_severity[str(severity)] for severity in _SEVERITIES]
    return cells(label + mark, *(f"{number:,}" if number else "·" for number in (*numbers, fixable, ignored)))


def _blocking(refused: Sequence[Judged], rows: _Rows, where: str) -> Iterator[Block]:
    if not refused:
        return
    words = "1 finding blocks" if len(refused) == 1 else f"{len(refused):,} findings block"
    yield text_block(f"**{words}**" + (", the worst first:" if len(refused) > 1 else ":"))
    what = f"blocking findings; all are in {where}"
    opened, rest = refused[:_SHOWN], refused[_SHOWN:]
    yield excerpt(table(_COLUMNS, [rows.row(each, Rank.BLOCKING) for each in opened]), len(opened), what)
    if rest:
        more = [rows.row(each, Rank.BLOCKING) for each in rest[:_MOST_BLOCKING]]
        yield folded(f"{len(rest):,} more that block", excerpt(table(_COLUMNS, more), len(rest), what))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Makes rows of findings of an image from this Dockerfile, for so many platforms."""

    dockerfile: str
    platforms: int

    def of_other(self, each: Judged) -> Row:
        """One that doesn't block."""
        return self.row(each, Rank.SEVERE if each.found.finding.severity >= Severity.HIGH else Rank.MINOR)

    def row(self, each: Judged, rank: Rank) -> Row:
        """One of any standing."""
        finding = each.found.finding
        source = f"<br>by {markdown(finding.severity_source, 40)}" if finding.severity_source else ""
        kind = "" if finding.category == "vulnerability" else f"<br>{finding.category.replace('license', 'licence')}"
        words = [markdown(each.why), markdown(finding.title, 100)]
        return Row(
            cells(
                f"{finding.severity}{source}",
                link(markdown(finding.id, 60), finding.url) + kind,
                "<br>".join(self._places(each.found)),
                code(finding.installed, 60),
                _fix(finding),
                "<br>".join(filter(None, words)),
            ),
            rank,
        )

    def _places(self, found: Distinct) -> Iterator[str]:
        """The package, the file, who brought it, and the platforms where not all of them have it."""
        finding = found.finding
        if finding.package:
            yield code(finding.package, 100)
        if place := place_of(finding):
            yield f"{'at ' if finding.package else ''}{code(place, 120)}"
        elif not finding.package:
            yield finding.subject
        if found.base:
            yield "from the base image"
        elif found.line:
            file = self.dockerfile or "Dockerfile"
            yield f"by {code(f'{file}:{found.line}')}"
        if len(found.platforms) < self.platforms:
            yield f"only on {', '.join(code(platform.platform) for platform in found.platforms)}"


def _fix(finding: Finding) -> str:
    if finding.category != "vulnerability":
        return markdown(finding.resolution, 200)
    return code(finding.fixed, 60) if finding.fixable else f"no fix ({markdown(finding.status or 'unknown', 40)})"
