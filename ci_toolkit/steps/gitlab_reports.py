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
    """One file of each kind an image, below `reports` in the workdir. `context`: whose branch the findings are of."""

    def __init__(self, workdir: Path, context: CiContext, progress: Progress) -> None:
        self._reports = workdir / "reports"
        self._context = context
        self._progress = progress

    def plan(self, step: str, options: ImageOptions, image: ImageState) -> Sequence[Action]:  # noqa: ARG002
        """One file a kind."""
        return [
            Action(
                step=step,
                kind="write",
                summary=f"write the findings of {options.name} as GitLab's {kind.replace('-', ' ')} report",
                image=options.name,
                path=str(self._file(options.name, kind)),
            )
            for kind in _FILES
        ]

    def make(self, subject: Subject) -> Mapping[str, Path]:
        """See `Reports.make`."""
        from ci_toolkit.report.code_quality import code_quality_report
        from ci_toolkit.report.gitlab_image import gitlab_image
        from ci_toolkit.report.gitlab_scanning import scanning_report

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
        for kind, data in made.items():
            write_atomically(self._file(name, kind), data)
        return {kind: self._file(name, kind) for kind in made}

    def _file(self, image: str, kind: str) -> Path:
        return self._reports / image / _FILES[kind]
