"""A run as Markdown, for the page a CI system shows of it: first what a person wants to know first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.markdown_blocks import fitted, text_block
from ci_toolkit.report.markdown_findings import findings_of_image
from ci_toolkit.report.markdown_image import image_facts
from ci_toolkit.report.markdown_pins import pins
from ci_toolkit.report.markdown_promotions import promotions
from ci_toolkit.report.markdown_timeline import timeline
from ci_toolkit.report.markdown_triage import triage
from ci_toolkit.report.markdown_verdict import verdict
from ci_toolkit.report.plain import code, link, markdown, minute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import RunReport

_GITHUBS_LIMIT = 1_048_576
"""Bytes of a step's summary; a longer one is dropped whole (actions/runner, `CreateStepSummaryCommand`)."""


def run_markdown(report: RunReport, *, limit: int = _GITHUBS_LIMIT) -> str:
    """GitHub-flavoured Markdown of at most `limit` bytes of UTF-8.

    What doesn't fit is left out, the least dear first, with a word on how much and where it is. Nothing that comes
    from databases, images, branches or tools acts in it.
    """
    return fitted(list(_blocks(report)), limit)


def _blocks(report: RunReport) -> Iterator[Block]:
    yield from verdict(report)
    for image in report.images:
        yield from image_facts(image)
        if report.is_about_findings:
            yield from findings_of_image(image)
    if report.is_about_findings:
        yield from triage(report)
    yield from promotions(report)
    yield from pins(report)
    yield from timeline(report)
    yield text_block("---", "", " · ".join(_origins(report)))


def _origins(report: RunReport) -> Iterator[str]:
    """Which tools and which knowledge it comes from."""
    source = report.state.source
    scans = {
        (scan.scanner, scan.version, scan.database_updated or "")
        for image in report.images
        if (scan := image.state.scan)
    }
    for scanner, version, updated in sorted(scans):
        knowledge = f", database of {markdown(minute(updated))}" if updated else ""
        yield markdown(f"{scanner.capitalize()} {version}") + knowledge
    yield f"ci-toolkit {markdown(report.state.tool_version)}"
    if source.revision:
        yield f"revision {code(source.revision[:12])}" + (f" of {code(source.ref, 100)}" if source.ref else "")
    if source.run_url:
        yield link("run", source.run_url)
