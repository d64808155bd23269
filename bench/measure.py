"""Whole processes side by side in one run: medians, ratios, peak memory. Machines are noisy; ratios are less so."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RUNS = 5
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Sample:
    """One process: wall time in seconds, peak resident memory of it or its largest child in bytes."""

    seconds: float
    peak: int


@dataclass(frozen=True)
class Contender:
    """A command to measure; `prepare` runs before each time, unmeasured."""

    argv: Sequence[str]
    cwd: Path = Path()
    env: Mapping[str, str] | None = None
    prepare: Callable[[], None] = lambda: None
    reports: bool = False
    """The last line it prints is the time to count, in seconds: what it did once it was up."""


@dataclass(frozen=True)
class Row:
    """A comparison: medians of both, their ratio and the limit that was promised."""

    name: str
    ours: float
    theirs: float
    limit: float | None
    """None: shown, and not promised."""
    peak: int

    @property
    def ratio(self) -> float:
        """How many times the peer's wall time."""
        return self.ours / self.theirs

    def __str__(self) -> str:
        promise = f"(limit {self.limit:.2f}x)" if self.limit else "(no limit)"
        word = "TOO SLOW" if self.too_slow else "ok" if self.limit else ""
        return (
            f"{self.name:<44} {self.ours:>8.3f} s  {self.theirs:>8.3f} s  {self.ratio:>5.2f}x "
            f"{promise:<13}  {self.peak / 1e6:>6.0f} MB  {word}".rstrip()
        )

    @property
    def too_slow(self) -> bool:
        """True where a promise isn't kept."""
        return self.limit is not None and self.ratio > self.limit


@dataclass(frozen=True)
class Figure:
    """A measurement that has no peer, and the limit that was promised."""

    name: str
    value: float
    unit: str
    limit: float

    def __str__(self) -> str:
        word = "TOO MUCH" if self.too_slow else "ok"
        return f"{self.name:<44} {self.value:>8.3f} {self.unit:<2} {'':>20} (limit {self.limit:g} {self.unit})  {word}"

    @property
    def too_slow(self) -> bool:
        """True where the promise isn't kept."""
        return self.value > self.limit


def once(contender: Contender) -> Sample:
    """Run a command to its end; raises CalledProcessError with its output if it fails."""
    contender.prepare()
    read, write = os.pipe()
    with os.fdopen(read, "rb") as pipe:
        with os.fdopen(write, "wb"):
            done = subprocess.run(
                [sys.executable, "-I", "-S", _CHILD, str(write), *map(str, contender.argv)],
                cwd=contender.cwd,
                env={**os.environ, **(contender.env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                pass_fds=(write,),
            )
        took = pipe.read()
    if done.returncode:
        output = done.stdout.decode(errors="replace")
        raise subprocess.CalledProcessError(done.returncode, list(contender.argv), output)
    seconds, peak = json.loads(took)
    return Sample(float(done.stdout.split()[-1]) if contender.reports else seconds, peak)


def compare(name: str, ours: Contender, theirs: Contender, *, limit: float | None, runs: int = RUNS) -> Row:
    """Measure both in turn, `runs` times after one warm-up each, and print the row."""
    for contender in (ours, theirs):
        once(contender)
    pairs = [(once(ours), once(theirs)) for _ in range(runs)]
    row = Row(
        name=name,
        ours=statistics.median(sample.seconds for sample, _ in pairs),
        theirs=statistics.median(sample.seconds for _, sample in pairs),
        limit=limit,
        peak=max(sample.peak for sample, _ in pairs),
    )
    print(row, flush=True)
    return row
