"""Gathers what there is to tell of a run: state, times, the findings from their files, lines of the source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ci_toolkit.config.ignore_places import ignore_places
from ci_toolkit.errors import SourceLine, ToolkitError
from ci_toolkit.git import checkout_of
from ci_toolkit.report.run_report import ImageReport, RunReport
from ci_toolkit.steps.scanned import base_line, from_top

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.config.options import Config
    from ci_toolkit.model.policy import Ignore
    from ci_toolkit.pipeline import Journal
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.judge import Judge
    from ci_toolkit.steps.scan_targets import Scannable


def run_report(
    opened: Session,
    journal: Journal,
    failure: ToolkitError | None,
    images: Mapping[str, Scannable],
    judge: Judge,
    *,
    environment: str | None = None,
) -> RunReport:
    """What became of a run of these images, whatever it did and however it ended. `environment`: what it promotes to.

    Raises nothing for what it can't read: a run's own failure matters more. Findings that are missing, or another
    digest's, are left out, and the report says so.
    """
    config = opened.config
    top = checkout_of(config.root) or config.root
    root = from_top(config.root, top)
    return RunReport(
        state=journal.state,
        images=tuple(_image(judge, options, journal.state.image(name), top) for name, options in images.items()),
        policy=config.scan.gate,
        times=journal.times,
        failure=failure,
        today=datetime.now(UTC).date(),
        environment=environment,
        failure_place=_mended(failure.place, config.root, top) if failure and failure.place else None,
        root=root or "",
        config_file=from_top(config.file, top) or config.file.name,
        ignore_places=_ignore_places(config, top) if config.scan.gate.ignores else {},
    )


def _ignore_places(config: Config, top: Path) -> dict[Ignore, SourceLine]:
    files = [config.root / path for path in config.scan.ignore_files]
    found = ignore_places(config.file, files, config.scan.gate.ignores)
    return {entry: SourceLine(from_top(file, top) or file.name, line) for entry, (file, line) in found.items()}


def _image(judge: Judge, options: Scannable, image: ImageState, top: Path) -> ImageReport:
    place = base_line(options, top)
    findings, decision, explanation, left_out = None, None, None, ""
    if image.scan is not None:
        try:
            judged = judge.of(options, image)
            findings, decision, explanation = judged.findings, judged.decision, judged.explanation
        except ToolkitError as error:
            left_out = error.message
    return ImageReport(
        name=options.name,
        state=image,
        dockerfile=place.file,
        line=place.line,
        findings=findings,
        decision=decision,
        explanation=explanation,
        left_out=left_out,
    )


def _mended(place: SourceLine, root: Path, top: Path) -> SourceLine | None:
    """The place as it is named from the repository's top; None outside of it."""
    file = from_top(root / place.file, top)
    return SourceLine(file, place.line) if file else None
