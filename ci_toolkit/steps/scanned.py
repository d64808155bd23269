"""What a scan left behind: its findings, the gate's word on them that day, the line of the source they come from."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import IntegrityError, SourceLine, UsageError
from ci_toolkit.model.explanation import Source, explain
from ci_toolkit.model.gate import Baseline, evaluate
from ci_toolkit.model.recipe import recipe
from ci_toolkit.model.sbom import SBOM_FORMATS
from ci_toolkit.report.dockerfile import from_line
from ci_toolkit.report.findings_file import read_findings
from ci_toolkit.report.plain import plain
from ci_toolkit.steps.scan_targets import flat

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date
    from pathlib import Path

    from ci_toolkit.model.explanation import Explanation
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.model.recipe import Recipe
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.scan_targets import Scannable

_PLATFORM = re.compile(r"(?:linux|windows|freebsd)-[a-z0-9]+(?:-[A-Za-z0-9._-]+)?")
"""A platform as the name of a file has it."""


def findings_of(name: str, image: ImageState, root: Path) -> ImageFindings:
    """The findings of an image, read from the file that its state names; `root`: the config's directory.

    Raises UsageError for an image that wasn't scanned, IntegrityError for findings of another, and what
    `read_findings` raises.
    """
    if image.scan is None or "findings" not in image.reports:
        message = f"{name} has not been scanned, so there is nothing to report"
        raise UsageError(message, hint="run `ci-toolkit scan` first, or hand the scan job's workdir on")
    return findings_in(root / image.reports["findings"], name, image)


def findings_in(file: Path, name: str, image: ImageState) -> ImageFindings:
    """The findings in a file, of that image and no other; raises as `findings_of` does."""
    findings = read_findings(file)
    if findings.image != name or findings.digest != image.digest:
        message = f"the findings are of {findings.image} {findings.digest}, but {name} is {image.digest}"
        raise IntegrityError(message, hint="run `ci-toolkit scan` again")
    return findings


def baseline_of(name: str, image: ImageState, root: Path) -> Baseline | None:
    """What an image's verdict was held against; None where everything counted.

    Raises IntegrityError where its findings aren't there, or are of another digest.
    """
    return baseline_in(root / image.reports["baseline"] if "baseline" in image.reports else None, name, image)


def baseline_in(file: Path | None, name: str, image: ImageState) -> Baseline | None:
    """The same, with its findings in this file. Raises as above."""
    held = image.scan.baseline if image.scan else None
    if held is None:
        return None
    again = "run `ci-toolkit scan` again, or hand the scan job's whole workdir on"
    if file is None:
        message = f"the verdict on {name} was held against {held.name}, but its findings aren't among the reports"
        raise IntegrityError(message, hint=again)
    findings = read_findings(file)
    if findings.digest != held.digest:
        message = f"the baseline's findings are of {findings.digest}, but {name} was held against {held.digest}"
        raise IntegrityError(message, hint=again)
    return Baseline(name=held.name, findings=findings)


def kept_report(findings_file: Path, scanner: str, platform: str) -> Path:
    """Where the scanner's own report on a platform is kept: beside the findings."""
    return findings_file.parent / f"{scanner}-{flat(platform)}.json"


def left_over(findings_file: Path, scanner: str, platforms: Collection[str]) -> list[Path]:
    """Reports on platforms that an earlier scan of the image saw and that aren't among these.

    The scanner's own, and bills of materials: whoever collects reports goes by the names of the files.
    """
    found = []
    for kind in (scanner, *SBOM_FORMATS):
        current = {kept_report(findings_file, kind, platform) for platform in platforms}
        named = sorted(findings_file.parent.glob(f"{kind}-*.json"))
        found += [f for f in named if f not in current and _PLATFORM.fullmatch(f.stem.removeprefix(f"{kind}-"))]
    return found


def judgement(findings: ImageFindings, decision: Decision) -> Mapping[str, Any]:
    """What an image's state tells of its findings."""
    return {
        "verdict": decision.verdict,
        "platform_verdicts": {name: p.verdict for name, p in decision.platforms.items()},
        "gate": "off" if decision.verdict == "none" else "on",
        "findings": findings.counts(),
        "ignored": decision.ignored,
        "blocking": tuple(plain(ground) for ground in decision.grounds),
    }


def decision_of_that_day(
    findings: ImageFindings, policy: GatePolicy, *, scratch: bool, baseline: Baseline | None
) -> Decision:
    """What the gate decides on the day of the scan, so that verdict and reports agree on any later day.

    Raises IntegrityError for findings of no day.
    """
    return evaluate(findings, policy, _day(findings), scratch=scratch, baseline=baseline)


def explanation_of(
    findings: ImageFindings, decision: Decision, policy: GatePolicy, options: Scannable, place: SourceLine
) -> Explanation:
    """Why the gate said no that day, and the way out. `place`: of `base_line`. Raises as the decision does."""
    made = recipe_of(options)
    source = Source(dockerfile=place.file, line=made.line if made else place.line, base=made.base if made else "")
    return explain(findings, decision, policy, source=source, today=_day(findings))


def _day(findings: ImageFindings) -> date:
    try:
        return datetime.fromisoformat(findings.scanned_at).date()
    except ValueError as error:
        message = f"the findings of {findings.image} don't tell when they were made: {findings.scanned_at[:40]!r}"
        raise IntegrityError(message, hint="run `ci-toolkit scan` again") from error


def base_line(options: Scannable, repository: Path) -> SourceLine:
    """The `FROM` line that an image is built on, relative to the checkout's top, with forward slashes.

    Of a Dockerfile outside the checkout the name alone; line 1 where it can't be read; nothing where there is none.
    """
    if options.dockerfile is None:
        return SourceLine("", 0)
    text = _text(options.dockerfile)
    line = 1 if text is None else from_line(text, options.target)
    return SourceLine(from_top(options.dockerfile, repository) or options.dockerfile.name, line)


def recipe_of(options: Scannable) -> Recipe | None:
    """What the Dockerfile says that the image is made of; None where it can't be read, or there is none."""
    text = _text(options.dockerfile) if options.dockerfile else None
    return None if text is None else recipe(text, options.target)


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return None


def from_top(file: Path, repository: Path) -> str | None:
    """A file as it is named from the checkout's top, with forward slashes; None where it lies outside.

    The directory may be reached by a symbolic link; a file that is one keeps its own name.
    """
    for place in (file, file.parent.resolve() / file.name):
        if place.is_relative_to(repository):
            return place.relative_to(repository).as_posix()
    return None
