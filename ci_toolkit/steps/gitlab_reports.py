"""The reports that GitLab collects of a job: container scanning, and code quality for every tier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ci_toolkit.files import write_atomically
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.reports import Subject

Kind = Literal["container-scanning", "code-quality"]
FILES: Mapping[Kind, str] = {
    "container-scanning": "gl-container-scanning-report.json",
    "code-quality": "gl-code-quality-report.json",
}


class GitLabReports:
    """One file of each kind an image, below `reports` in the workdir, and one of all: GitLab takes one of a job.

    `context`: whose branch the findings are of.
    """

    def __init__(self, workdir: Path, context: CiContext, progress: Progress) -> None:
        self._reports = workdir / "reports"
        self._context = context
        self._progress = progress
        self._made: dict[Kind, dict[str, bytes]] = {kind: {} for kind in FILES}

    def plan(self, step: str, options: ImageOptions, image: ImageState) -> Sequence[Action]:  # noqa: ARG002
        """Two files a kind: the image's, and that of all."""
        name = options.name
        files = {kind: f"GitLab's {kind.replace('-', ' ')} report" for kind in FILES}
        written = [
            (place, f"{verb} {report}{of}")
            for kind, report in files.items()
            for place, verb, of in (
                (self._file(name, kind), f"write the findings of {name} as", ""),
                (self._reports / FILES[kind], f"put the findings of {name} into", " of all images"),
            )
        ]
        return [
            Action(step=step, kind="write", summary=summary, image=name, path=str(path)) for path, summary in written
        ]

    def make(self, subject: Subject) -> Mapping[str, Path]:
        """See `Reports.make`."""
        name = subject.options.name
        for kind in FILES:
            made, cuts = rendered(kind, subject, self._context)
            for cut in cuts:
                self._progress.warn(f"the {kind.replace('-', ' ')} report of {name} leaves out {cut}")
            write_atomically(self._file(name, kind), made)
            self._made[kind][name] = made
            write_atomically(self._reports / FILES[kind], joined(kind, list(self._made[kind].values())))
        return {kind: self._file(name, kind) for kind in FILES}

    def _file(self, image: str, kind: Kind) -> Path:
        return self._reports / image / FILES[kind]


def rendered(kind: Kind, subject: Subject, context: CiContext) -> tuple[bytes, tuple[str, ...]]:
    """An image's report of a kind, and what had to be left out of it, in plain words."""
    if kind == "container-scanning":
        from ci_toolkit.report.gitlab_image import gitlab_image
        from ci_toolkit.report.gitlab_scanning import scanning_report

        image = gitlab_image(subject.options.name, subject.options.repositories, context)
        return scanning_report(subject.findings, image, ignored=subject.ignored), ()
    from ci_toolkit.report.code_quality import code_quality_report

    quality = code_quality_report(subject.findings, subject.shown_at, ignored=subject.ignored)
    cut = f"the {quality.left_out} least severe findings; findings.json has everything"
    return quality.data, (cut,) if quality.left_out else ()


def joined(kind: Kind, reports: Sequence[bytes]) -> bytes:
    """One report of those of several images: GitLab takes one of a job."""
    if kind == "container-scanning":
        from ci_toolkit.report.gitlab_scanning import joined_reports

        return joined_reports(reports)
    from ci_toolkit.report.code_quality import joined_code_quality

    return joined_code_quality(reports)
