"""What earlier runs left to report on: a state with the reports beside it, or findings alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_toolkit import state as states
from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.model.gate import Baseline
from ci_toolkit.report.findings_file import read_findings
from ci_toolkit.state import ImageState
from ci_toolkit.steps.reports import Subject
from ci_toolkit.steps.scan_targets import flat
from ci_toolkit.steps.scanned import (
    base_line,
    baseline_in,
    decision_of_that_day,
    explanation_of,
    findings_in,
    judgement,
    kept_report,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.model.reference import Destination
    from ci_toolkit.state import Source, State
    from ci_toolkit.steps.reports import Reported

_PLACES = ("findings.json", "*/findings.json", "reports/*/findings.json")
"""In a directory without a state: an image's reports, those of several, a workdir."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptImage:
    """A scanned image."""

    findings: ImageFindings
    state: ImageState
    """Of findings alone: no more than they tell."""
    baseline: Baseline | None = None
    """What its verdict was held against."""

    @property
    def name(self) -> str:
        """The image's name in the config."""
        return self.findings.image


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherImage:
    """An image that no config here builds: nobody says what it is built from, or where it goes."""

    name: str
    platforms: tuple[str, ...] = ()
    scratch: bool = False
    dockerfile: Path | None = None
    target: str | None = None
    repositories: tuple[Destination, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Everything there is in one place. `state` is None for findings alone."""

    images: tuple[KeptImage, ...]
    state: State | None = None

    def chosen(self, names: tuple[str, ...]) -> tuple[KeptImage, ...]:
        """Those of these names, or all; raises UsageError where one isn't there, or none is."""
        known = [image.name for image in self.images]
        for name in names or ("",) * (not known):
            if name not in known:
                message = f"there are no findings of {name or 'any image'}"
                hint = f"there are those of {', '.join(known)}" if known else "run `ci-toolkit scan` first"
                raise UsageError(message, hint=hint)
        return tuple(image for image in self.images if image.name in names or not names)


def read_kept(place: Path) -> Kept:
    """What a state, a findings file, a workdir or a directory of reports holds.

    Raises UsageError where nothing is there, and what reading a state or findings raises.
    """
    if place.is_dir():
        if (place / "state.json").is_file():
            return _of_state(place / "state.json")
        files = _findings_files(place)
        if not files:
            message = f"there is neither a state nor a findings file in {place}"
            raise UsageError(message, hint="run `ci-toolkit scan` first, or name the workdir that it filled")
        return Kept(images=tuple(_alone(file) for file in files))
    return _of_state(place) if _is_state(place) else Kept(images=(_alone(place),))


def holds_findings(directory: Path) -> bool:
    """True where `read_kept` finds something to read there."""
    return (directory / "state.json").is_file() or bool(_findings_files(directory))


def _findings_files(directory: Path) -> list[Path]:
    return [file for pattern in _PLACES for file in sorted(directory.glob(pattern))]


def _is_state(file: Path) -> bool:
    """True for what says that it is one; whatever else is wrong with it is said by whoever reads it."""
    try:
        data = file.read_bytes()
        document = json.loads(data) if b'"images"' in data else None  # findings may be of 100 MB
    except FileNotFoundError:
        return file.name == "state.json"
    except OSError as error:
        message = f"can't read {file}: {error.strerror}"
        raise ToolError(message) from error
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "images" in document


def _of_state(file: Path) -> Kept:
    state = states.read(file)
    images = []
    for name, image in state.images.items():
        if image.scan is None:
            continue
        reports = file.parent / "reports" / flat(name)
        findings = findings_in(reports / "findings.json", name, image)
        baseline = baseline_in(reports / "baseline.json", name, image)
        images.append(KeptImage(findings=findings, state=image, baseline=baseline))
    return Kept(images=tuple(images), state=state)


def _alone(file: Path) -> KeptImage:
    findings = read_findings(file)
    own = {
        f"{findings.scanner} {p.platform}": kept_report(file, findings.scanner, p.platform) for p in findings.platforms
    }
    reports = {"findings": str(file)} | {name: str(path) for name, path in own.items() if path.is_file()}
    platforms = {p.platform: p.digest for p in findings.platforms}
    return KeptImage(
        findings=findings,
        state=ImageState(digest=findings.digest, platforms=platforms, reports=reports),
        baseline=_beside(file),
    )


def _beside(file: Path) -> Baseline | None:
    """What a scan held these findings against, which it keeps beside them. Only a state knows its name."""
    held = file.with_name("baseline.json")
    if not held.is_file():
        return None
    findings = read_findings(held)
    return Baseline(name=str(findings.digest), findings=findings)


def subject_of(
    image: KeptImage, options: Reported, policy: GatePolicy, *, source: Source, repository: Path
) -> Subject:
    """The image as its reports are made of it, judged on the day of its scan.

    `repository`: the checkout's top. Raises IntegrityError for findings of no day.
    """
    findings = image.findings
    decision = decision_of_that_day(findings, policy, scratch=options.scratch, baseline=image.baseline)
    place = base_line(options, repository)
    told = judgement(findings, decision)
    if image.state.gate == "overridden":
        told = {**told, "gate": "overridden"}
    return Subject(
        options=options,
        image=replace(image.state, **told),
        findings=findings,
        decision=decision,
        explanation=explanation_of(findings, decision, policy, options, place),
        place=place,
        source=source,
    )
