"""The reports that GitLab collects of a job: container scanning, and code quality for every tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

_SCANNING, _QUALITY = "container-scanning", "code-quality"
_FILES = {_SCANNING: "gl-container-scanning-report.json", _QUALITY: "gl-code-quality-report.json"}


class GitLabReports:
    """One file of each kind an image, below `reports` in the workdir, and one of all: GitLab takes one of a job.

    `context`: whose branch the findings are of.
    """

    def __init__(self, workdir: Path, context: CiContext, progress: Progress) -> None:
        self._reports = workdir / "reports"
        self._context = context
        self._progress = progress
        self._made: dict[str, dict[str, bytes]] = {kind: {} for kind in _FILES}

    def plan(self, step: str, options: ImageOptions, image: ImageState) -> Sequence[Action]:  # noqa: ARG002
        """Two files a kind: the image's, and that of all."""
        name = options.name
        files = {kind: f"GitLab's {kind.replace('-', ' ')} report" for kind in _FILES}
        written = [
            (place, f"{verb} {report}{of}")
            for kind, report in files.items()
            for place, verb, of in (
                (self._file(name, kind), f"write the findings of {name} as", ""),
                (self._reports / _FILES[kind], f"put the findings of {name} into", " of all images"),
            )
        ]
        return [
            Action(step=step, kind="write", summary=summary, image=name, path=str(path)) for path, summary in written
        ]

    def make(self, subject: Subject) -> Mapping[str, Path]:
        """See `Reports.make`."""
        from ci_toolkit.report.code_quality import code_quality_report, joined_code_quality
        from ci_toolkit.report.gitlab_image import gitlab_image
        from ci_toolkit.report.gitlab_scanning import joined_reports, scanning_report

        name = subject.options.name
        image = gitlab_image(name, subject.options.repositories, self._context)
        quality = code_quality_report(subject.findings, subject.place, ignored=subject.ignored)
        if quality.left_out:
            left = f"the {quality.left_out} least severe findings"
            self._progress.warn(f"the code quality report of {name} leaves out {left}; findings.json has everything")
        made = {
            _SCANNING: scanning_report(subject.findings, image, ignored=subject.ignored),
            _QUALITY: quality.data,
        }
        joined = {_SCANNING: joined_reports, _QUALITY: joined_code_quality}
        for kind, data in made.items():
            write_atomically(self._file(name, kind), data)
            self._made[kind][name] = data
            write_atomically(self._reports / _FILES[kind], joined[kind](list(self._made[kind].values())))
        return {kind: self._file(name, kind) for kind in made}

    def _file(self, image: str, kind: str) -> Path:
        return self._reports / image / _FILES[kind]
