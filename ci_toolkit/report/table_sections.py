"""The findings' table in parts: vulnerabilities of the base image, of the image's own layers, secrets, and so on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_toolkit.model.findings import Category, Finding, ImageFindings, Severity
    from ci_toolkit.report.judged import Judged, Standing

MARKS: Mapping[Standing, tuple[str, str]] = {
    "blocking": ("!", "blocks"),
    "waiting": ("~", "waits in its grace period"),
    "deployed": ("=", "is deployed already"),
}
_PLACES: Sequence[tuple[bool | None, str]] = (
    (True, "vulnerabilities of the base image"),
    (False, "vulnerabilities of the image's own layers"),
    (None, "vulnerabilities of layers that aren't known"),
)
_KINDS: Mapping[Category, tuple[str, str, str]] = {
    "secret": ("secrets", "rule", "where"),
    "misconfiguration": ("misconfigurations", "check", "where"),
    "license": ("licences", "licence", "of"),
}
WHOSE = "by"
"""The column that says whose word a severity is."""
_PACKAGES = (
    ("", 0),
    ("severity", 0),
    (WHOSE, 0),
    ("package", 8),
    ("installed", 8),
    ("fixed in", 8),
    ("id", 0),
    ("title", 8),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A finding."""

    severity: Severity
    cells: tuple[str, ...]
    """As untrusted as the finding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Findings of one kind."""

    title: str
    columns: Sequence[tuple[str, int]]
    """Headings, and to how many characters a column may be cut; 0: it may not."""
    rows: Sequence[Row]


def sections(everything: Sequence[Judged], findings: ImageFindings) -> Iterator[Section]:
    """What there is, kind by kind; in each the worst package first."""
    several = len(findings.platforms)
    vulnerabilities = [each for each in everything if each.found.finding.category == "vulnerability"]
    known = any(each.found.base is not None for each in vulnerabilities)
    for share, title in _PLACES:
        own = [each for each in vulnerabilities if each.found.base is share]
        if own:
            rows = list(_packages(own, several))
            yield Section(title=title if known else "vulnerabilities", columns=_PACKAGES, rows=rows)
    for category, (title, what, where) in _KINDS.items():
        own = [each for each in everything if each.found.finding.category == category]
        if own:
            rows = [_other(each, several) for each in own]
            columns = (("", 0), ("severity", 0), (what, 0), (where, 8), ("title", 8))
            yield Section(title=title, columns=columns, rows=rows)


def _packages(own: Sequence[Judged], several: int) -> Iterator[Row]:
    """The findings of one package stand together, under its name; packages in the order of their worst."""
    groups: dict[tuple[str, str], list[Judged]] = {}
    for each in sorted(own, key=attrgetter("found.finding.weight")):
        finding = each.found.finding
        groups.setdefault((finding.component, finding.place), []).append(each)
    names = Counter((group[0].found.finding.package, group[0].found.finding.installed) for group in groups.values())
    for group in groups.values():
        for number, each in enumerate(group):
            f = each.found.finding
            name = ("", "") if number and f.installed == group[0].found.finding.installed else (f.package, f.installed)
            fixed = f.fixed if f.fixable else f.status or "-"
            where = f"in /{f.path}" if not number and f.path and names[f.package, f.installed] > 1 else ""
            cells = (_mark(each), str(f.severity), f.severity_source, *name, fixed, f.id, _title(each, several, where))
            yield Row(severity=f.severity, cells=cells)


def _other(each: Judged, several: int) -> Row:
    finding = each.found.finding
    cells = (_mark(each), str(finding.severity), finding.id, _where(finding), _title(each, several))
    return Row(severity=finding.severity, cells=cells)


def _where(finding: Finding) -> str:
    if finding.package:
        return finding.package
    return (f"/{finding.path}" if finding.path else finding.subject) + (
        f":{finding.start_line}" if finding.path and finding.start_line else ""
    )


def _mark(each: Judged) -> str:
    return MARKS[each.standing][0] if each.standing in MARKS else ""


def _title(each: Judged, several: int, where: str = "") -> str:
    """What else there is to say goes before it; `where` tells a package from another of its name and version."""
    names = [platform.platform for platform in each.found.platforms]
    only = f"only {', '.join(names)}: " if len(names) < several else ""
    why = "" if each.standing == "deployed" else each.why  # the same of them all: the legend says it
    said = "".join(f"{words}: " for words in (where, why) if words)
    return f"{only}{said}{each.found.finding.title}".removesuffix(": ")
