"""Every report of 25,000 findings on two platforms: all of them as a run makes them, and how long each takes."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, Figure, once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.model.sbom import SbomFormat
    from ci_toolkit.steps.sboms import SbomReports

FINDINGS = 25_000
RUNS = 3
FORMS = ("table", "markdown", "json", "sarif", "gitlab-container-scanning", "gitlab-code-quality", "html")
TIME = 5.0
"""Seconds for all reports, the findings in memory."""
PEAK = 400.0
"""MB of the whole process, reading the findings included."""
DIFF = 8.0


def rows() -> Iterator[Figure]:
    """A process that loads nothing but the findings and makes all reports, and a command that compares two scans."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "findings.json"
        # Not in this process: what it holds would count as its children's peak.
        subprocess.run([sys.executable, "-c", _call("write", file)], check=True)
        told = [_measured(file) for _ in range(RUNS)]
        middle = {name: statistics.median(each[name] for each in told) for name in told[0]}
        about = f"{FINDINGS:,} findings"
        yield _shown(f"all reports of {FINDINGS:,} read findings", middle["all"], "s", TIME)
        yield _shown(f"all reports of {FINDINGS:,} read findings: CPU", middle["cpu"], "s", TIME)
        yield _shown(f"all reports of {about}: peak", max(each["peak"] for each in told), "MB", PEAK)
        for form in ("read", *FORMS):
            print(f"  {form:<42} {middle[form]:>8.3f} s", flush=True)
        command = Contender([str(Path(sys.executable).parent / "ci-toolkit"), "diff", str(file), str(file)])
        compared = statistics.median(once(command).seconds for _ in range(RUNS))
        yield _shown(f"diff of {about}, the command", compared, "s", DIFF)


def write(file: Path) -> None:
    """The findings, as a scan leaves them."""
    from ci_toolkit.report.findings_file import write_findings
    from tests.harness.reports import crowded

    [image] = crowded(2 * FINDINGS).images
    if image.findings:
        write_findings(file, image.findings)


def make(file: Path) -> None:
    """Make all reports, and print name and figure of each, a line each."""
    gc.set_threshold(1_000_000)  # as the command does
    from ci_toolkit.ci.context import detect_context
    from ci_toolkit.cli.report_forms import FORMS as MAKERS
    from ci_toolkit.cli.report_forms import Setting
    from ci_toolkit.config.load import default_config
    from ci_toolkit.process import SystemRunner
    from ci_toolkit.redact import Redactor
    from ci_toolkit.state import Source, State
    from ci_toolkit.steps.kept import OtherImage, read_kept, subject_of

    start = time.perf_counter()
    [image] = read_kept(file).images
    config = default_config(file.parent)
    state = State(tool_version="0", source=Source(images_hash="i"))
    options, policy = OtherImage(name=image.name), config.scan.gate
    subject = subject_of(image, options, policy, source=state.source, repository=file.parent)
    setting = Setting(
        policy=policy,
        category=config.sarif.category,
        context=detect_context(SystemRunner({}, Redactor()), file.parent, {}),
        state=state,
        today=date(2026, 11, 24),
        config_file="ci-toolkit.yml",
        sboms=_none,
    )
    print("read", time.perf_counter() - start)
    began, cpu = time.perf_counter(), time.process_time()
    for form in FORMS:
        start = time.perf_counter()
        for document in MAKERS[form]([subject], setting):
            (file.parent / document.name.replace("/", "-")).write_bytes(document.data)
        print(form, time.perf_counter() - start)
    print("all", time.perf_counter() - began)
    print("cpu", time.process_time() - cpu)
    # Not ru_maxrss, which starts at what the process that forked this one had.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print("peak", int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6)


def _none(form: SbomFormat) -> SbomReports:
    message = f"no {form} is measured here"
    raise AssertionError(message)


def _measured(file: Path) -> Mapping[str, float]:
    command = [sys.executable, "-c", _call("make", file)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: float(figure) for name, figure in map(str.split, told.splitlines())}


def _call(function: str, file: Path) -> str:
    return f"from pathlib import Path; from bench.reports import {function}; {function}(Path({str(file)!r}))"


def _shown(name: str, value: float, unit: str, limit: float) -> Figure:
    figure = Figure(name, value, unit, limit)
    print(figure, flush=True)
    return figure
