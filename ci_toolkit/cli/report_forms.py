"""Every form that findings can be given, by name, made as a run makes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_toolkit import pipeline
from ci_toolkit.model.text import neutral_json
from ci_toolkit.model.timeline import StepTime
from ci_toolkit.report.plain import WIDE
from ci_toolkit.report.run_report import ImageReport, RunReport
from ci_toolkit.steps.gitlab_reports import FILES as GITLAB_FILES
from ci_toolkit.steps.gitlab_reports import joined, rendered
from ci_toolkit.steps.html_report import HTML_FILE, part_of
from ci_toolkit.steps.sarif import SARIF_FILE, sarif_of
from ci_toolkit.steps.scan_targets import flat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.model.sbom import SbomFormat
    from ci_toolkit.state import State
    from ci_toolkit.steps.gitlab_reports import Kind
    from ci_toolkit.steps.reports import Subject
    from ci_toolkit.steps.sboms import SbomReports


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One report, as a file holds it."""

    name: str
    """As a run names the file below `reports`."""
    data: bytes
    cuts: tuple[str, ...] = ()
    """What had to be left out of it, in plain words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What reports tell beside the findings."""

    policy: GatePolicy
    category: str
    """The template of SARIF's categories."""
    context: CiContext
    state: State
    today: date
    config_file: str
    sboms: Callable[[SbomFormat], SbomReports]
    width: int = WIDE
    """Of a table, in characters."""
    color: bool = False


def _table(subjects: Sequence[Subject], setting: Setting) -> Iterator[Document]:
    from ci_toolkit.report.table import scan_table

    tables = [
        scan_table(
            each.findings,
            each.image,
            each.decision,
            each.explanation,
            width=setting.width,
            color=setting.color,
        )
        for each in subjects
    ]
    yield Document(name="findings.txt", data=_lines(["\n\n".join(tables)]))


def _json(subjects: Sequence[Subject], _: Setting) -> Iterator[Document]:
    from ci_toolkit.report.table import scan_json

    document = {
        each.findings.image: scan_json(each.findings, each.image, each.decision, each.explanation) for each in subjects
    }
    yield Document(name="report.json", data=_lines([neutral_json(document)]))


def _markdown(subjects: Sequence[Subject], setting: Setting) -> Iterator[Document]:
    """The page of a job that did nothing but scan."""
    from ci_toolkit.report.run_markdown import run_markdown

    images = {each.findings.image: each.image for each in subjects}
    failure = pipeline.refused(replace(setting.state, images=images), images)
    report = RunReport(
        state=setting.state,
        images=tuple(_image(each) for each in subjects),
        policy=setting.policy,
        times=(StepTime(step="scan", began=0.0, seconds=0.0, outcome="refused" if failure else "done"),),
        failure=failure,
        today=setting.today,
        config_file=setting.config_file,
    )
    yield Document(name="summary.md", data=run_markdown(report).encode("utf-8", "replace"))


def _image(subject: Subject) -> ImageReport:
    return ImageReport(
        name=subject.findings.image,
        state=subject.image,
        dockerfile=subject.place.file,
        line=subject.place.line,
        findings=subject.findings,
        decision=subject.decision,
        explanation=subject.explanation,
    )


def _sarif(subjects: Sequence[Subject], setting: Setting) -> Iterator[Document]:
    for each in subjects:
        made = sarif_of(each, setting.category)
        yield Document(name=f"{flat(each.findings.image)}/{SARIF_FILE}", data=made.data, cuts=made.cuts)


def _html(subjects: Sequence[Subject], setting: Setting) -> Iterator[Document]:
    from ci_toolkit.report.html.page import html_page

    parts = [part_of(each, setting.policy, number) for number, each in enumerate(subjects)]
    yield Document(name=HTML_FILE, data=html_page(parts, setting.state.source))


def _gitlab(kind: Kind) -> Maker:
    def make(subjects: Sequence[Subject], setting: Setting) -> Iterator[Document]:
        made = [rendered(kind, each, setting.context) for each in subjects]
        cuts = tuple(cut for _, cuts in made for cut in cuts)
        yield Document(name=GITLAB_FILES[kind], data=joined(kind, [data for data, _ in made]), cuts=cuts)

    return make


def _sbom(form: SbomFormat) -> Maker:
    def make(subjects: Sequence[Subject], setting: Setting) -> Iterator[Document]:
        reports = setting.sboms(form)
        for each in subjects:
            for _, file, data in reports.rendered(each):
                yield Document(name=f"{flat(each.findings.image)}/{file.name}", data=data)

    return make


def _lines(texts: Sequence[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "replace")


if TYPE_CHECKING:
    Maker = Callable[[Sequence[Subject], Setting], Iterator[Document]]

FORMS: Mapping[str, Maker] = {
    "table": _table,
    "json": _json,
    "markdown": _markdown,
    "html": _html,
    "sarif": _sarif,
    "gitlab-container-scanning": _gitlab("container-scanning"),
    "gitlab-code-quality": _gitlab("code-quality"),
    "cyclonedx": _sbom("cyclonedx"),
    "spdx": _sbom("spdx"),
}
"""Name → what makes its documents, one or several, out of some images."""
