"""The files of a scan with Trivy: its cache, and its report."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.scanners.base import Target
    from ci_toolkit.scanners.trivy_commands import Private

_MAX_REPORT = 512 * 1024 * 1024


def charts_of(target: Target) -> Target:
    """Where a copy of a target's Helm charts is going to be."""
    place = target.layout.parent / "charts"
    return replace(target, layout=place / "layout", report=place / "report.json", recipe=None)


def furnish(cache: Path, place: Private, known: Path | None) -> None:
    """Make a scan's cache: the databases, and what is `known` of layers; raises ToolError where the disk says no."""
    try:
        cache.mkdir(parents=True)
        point(cache / "db", place.databases / "db")
        point(cache / "java-db", place.databases / "java-db")
        if known:
            point(cache / "fanal", known)
    except OSError as error:
        message = f"can't prepare the scan in {cache}: {error.strerror or error}"
        raise ToolError(message) from error


def point(link: Path, directory: Path) -> None:
    """Let a link lead to a directory, wherever it led before."""
    with suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(directory.absolute(), target_is_directory=True)


def read_report(target: Target) -> bytes:
    """What Trivy wrote of a target; raises ToolError where it isn't there, or too large to be a report."""
    where = f"Trivy's report on {target.image} {target.platform}"
    try:
        if target.report.stat().st_size > _MAX_REPORT:
            message = f"{where} has more than {_MAX_REPORT} bytes"
            raise ToolError(message)
        return target.report.read_bytes()
    except OSError as error:
        message = f"{where} isn't there: {error.strerror}"
        raise ToolError(message, hint="Trivy said it was done, but wrote nothing: scan again") from error
