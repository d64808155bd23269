"""The page for people: one file for all images of the run, to open from disk or from a job's artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.files import write_atomically
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.report.html.page import ImagePart
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.reports import Subject

HTML_FILE = "report.html"


class HtmlReport:
    """`reports/report.html` in the workdir. Each image is added to those before it."""

    def __init__(self, workdir: Path, policy: GatePolicy) -> None:
        self._file = workdir / "reports" / HTML_FILE
        self._policy = policy
        self._parts: list[ImagePart] = []

    def plan(self, step: str, options: ImageOptions, image: ImageState) -> Sequence[Action]:  # noqa: ARG002
        """The one file."""
        summary = f"put the findings of {options.name} into the HTML report of all images"
        return [Action(step=step, kind="write", summary=summary, image=options.name, path=str(self._file))]

    def make(self, subject: Subject) -> Mapping[str, Path]:
        """See `Reports.make`."""
        # Here, not above: a plan needs no page.
        from ci_toolkit.report.html.page import html_page

        self._parts.append(part_of(subject, self._policy, len(self._parts)))
        write_atomically(self._file, html_page(self._parts, subject.source))
        return {"html": self._file}


def part_of(subject: Subject, policy: GatePolicy, number: int) -> ImagePart:
    """The share of the image that comes `number`-th on the page, from 0."""
    from ci_toolkit.report.html.page import image_part

    return image_part(
        subject.findings,
        subject.decision,
        subject.explanation,
        policy,
        dockerfile=subject.place.file,
        number=number,
        policy_from=subject.image.scan.policy_from if subject.image.scan else None,
    )
