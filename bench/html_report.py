"""The HTML report of 25,000 findings: how long it takes to make, and how long a person waits for it in a browser."""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import RUNS, Contender, Figure, once
from tests.harness.browser import running_browser
from tests.harness.html_reports import page
from tests.harness.reports import crowded, passed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.browser import Browser

FINDINGS = 25_000
OPEN = 2.0
"""Seconds until the findings are listed and can be searched."""
WRITE = 3.0
PEAK = 400.0
"""MB."""
USUAL = 0.1
"""Seconds that the report of a usual image may cost each run."""
LISTED = "return document.getElementById('status').textContent"


def rows() -> Iterator[Figure]:
    """In a process of its own, then in Chromium."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "report.html"
        samples = [once(_made(file)) for _ in range(RUNS)]
        yield _shown("HTML of 25,000 findings: made", statistics.median(s.seconds for s in samples), "s", WRITE)
        yield _shown("HTML of 25,000 findings: peak", max(s.peak for s in samples) / 1e6, "MB", PEAK)
        with running_browser() as browser:
            waits = [_opened(browser, file) for _ in range(RUNS)]
        yield _shown("HTML of 25,000 findings: opened", statistics.median(waits), "s", OPEN)
    yield _shown("HTML of a usual image: made", _usual(), "s", USUAL)


def make(file: Path) -> None:
    """Write the page, and print how long that took."""
    gc.set_threshold(1_000_000)  # as the command does
    run = crowded(2 * FINDINGS)
    start = time.perf_counter()
    file.write_bytes(page(run))
    print(f"{time.perf_counter() - start:.4f}")


def _made(file: Path) -> Contender:
    code = f"from pathlib import Path; from bench.html_report import make; make(Path({str(file)!r}))"
    return Contender([sys.executable, "-c", code], reports=True)


def _opened(browser: Browser, file: Path) -> float:
    start = time.perf_counter()
    browser.open(file)
    said = browser.run(LISTED)
    seconds = time.perf_counter() - start
    if not said.startswith(f"{FINDINGS:,} of {FINDINGS:,} findings"):
        message = f"the page lists {said!r}"
        raise RuntimeError(message)
    return seconds


def _usual() -> float:
    run = passed()
    start = time.perf_counter()
    page(run)
    return time.perf_counter() - start


def _shown(name: str, value: float, unit: str, limit: float) -> Figure:
    figure = Figure(name, value, unit, limit)
    print(figure, flush=True)
    return figure
