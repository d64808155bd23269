"""Every report of 25,000 findings, made again by the command: how long each takes, and how much memory."""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, Figure, once
from ci_toolkit.report.findings_file import write_findings
from tests.harness.reports import crowded

if TYPE_CHECKING:
    from collections.abc import Iterator

FINDINGS = 25_000
RUNS = 3
FORMS = (
    *("table", "json", "markdown", "html", "sarif", "gitlab-container-scanning", "gitlab-code-quality"),
)  # fmt: skip
TIME = 5.0
"""Seconds of the whole command, reading the findings included."""
PEAK = 400.0
"""MB."""


def rows() -> Iterator[Figure]:
    """One process a report, and one that compares two scans."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "findings.json"
        [image] = crowded(2 * FINDINGS).images
        if image.findings:
            write_findings(file, image.findings)
        gc.collect()
        for form in FORMS:
            yield from _measured(
                form, ["report", "-q", "--from", str(file), "--format", form, "--output", "made"], scratch
            )
        yield from _measured("diff", ["diff", str(file), str(file)], scratch)


def _measured(name: str, arguments: list[str], scratch: str) -> Iterator[Figure]:
    command = Contender([str(Path(sys.executable).parent / "ci-toolkit"), *arguments], cwd=Path(scratch))
    samples = [once(command) for _ in range(RUNS)]
    about = f"{name} of {FINDINGS:,} findings"
    yield _shown(f"{about}: made", statistics.median(sample.seconds for sample in samples), "s", TIME)
    yield _shown(f"{about}: peak", max(sample.peak for sample in samples) / 1e6, "MB", PEAK)


def _shown(name: str, value: float, unit: str, limit: float) -> Figure:
    figure = Figure(name, value, unit, limit)
    print(figure, flush=True)
    return figure
