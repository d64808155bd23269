"""The gate: what may pass. A policy and the findings in, a decision out; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from ci_toolkit.model.findings import CATEGORIES, NAMELESS_OS, SILENCER, Severity, by_weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_toolkit.model.findings import Category, Finding, ImageFindings, PlatformFindings
    from ci_toolkit.model.policy import GatePolicy, Ignore, Reaction

Verdict = Literal["pass", "fail", "none"]
"""`none`: the gate is off and decided nothing."""
_NAMES: Mapping[Category, tuple[str, str]] = {
    "vulnerability": ("vulnerability", "vulnerabilities"),
    "secret": ("secret", "secrets"),
    "misconfiguration": ("misconfiguration", "misconfigurations"),
    "license": ("licence", "licences"),
}
NOTHING_RECOGNISED = "nothing was recognised: no operating system and no packages"
"""How the fault ends of an image that no scanner knows anything of."""
NAMELESS = "a distribution's packages aren't looked into: nothing says which distribution it is"
"""How that of an image ends whose /etc/os-release is missing."""
END_OF_LIFE = "is past its end of life: nobody mends it any more"
"""How that of an image ends whose operating system gets no updates."""
NOT_COVERED = "nobody tells what is known against its packages, so they aren't looked into"
"""How that of a distribution ends which the scanner recognises, but has no advisories for."""
_UNKNOWN = "of unknown severity"


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """What is deployed now: what is known of it is no reason to keep its successor out."""

    name: str
    """Where the digest is from, for people."""
    findings: ImageFindings

    @property
    def known(self) -> frozenset[tuple[str, ...]]:
        """What makes its findings the same ones in another image, as `known_as` tells it."""
        return frozenset(known_as(f) for p in self.findings.platforms for f in p.findings)

    @property
    def end_of_life(self) -> bool:
        """True where its operating system gets no updates any more."""
        return any(p.end_of_life for p in self.findings.platforms)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformDecision:
    """The gate's word on one platform."""

    verdict: Verdict
    blocking: tuple[Finding, ...] = ()
    """The findings that decided a `fail`, worst first."""
    ignored: tuple[tuple[Finding, Ignore], ...] = ()
    """What an active entry took out of the gate."""
    deployed: tuple[Finding, ...] = ()
    """What would block, were it not in the baseline, worst first."""
    waiting: tuple[tuple[Finding, date], ...] = ()
    """What will block from a day on, when its grace period is over, worst first."""
    faults: tuple[str, ...] = ()
    """What else decided a `fail`: the operating system's end of life, a scan that saw nothing."""
    reasons: tuple[str, ...] = ()
    """Why it failed, in plain words: the findings as a number, then the faults."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The gate's word on an image: it fails where one platform does."""

    verdict: Verdict
    platforms: Mapping[str, PlatformDecision]
    warnings: tuple[str, ...] = ()
    """Of the image as a whole: entries that expired, will soon, or whose finding has a fix now."""
    used: frozenset[Ignore] = frozenset()
    """The entries, active or expired, that matched a finding."""
    baseline: str = ""
    """What it was held against, where it was."""

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that decided a `fail`, worst first, each once over all platforms."""
        return tuple(by_weight({f.key: f for p in self.platforms.values() for f in reversed(p.blocking)}.values()))

    @property
    def grounds(self) -> tuple[str, ...]:
        """Everything that decided a `fail`, a line each; a finding's is as untrusted as its parts."""
        faults = [f"{name}: {fault}" for name, p in self.platforms.items() for fault in p.faults]
        return (*(finding.line for finding in self.blocking), *faults)

    @property
    def exceptions(self) -> Mapping[tuple[str, str, str], Ignore]:
        """What was ignored, each once over all platforms: the finding's key and the entry that took it out."""
        return {finding.key: entry for p in self.platforms.values() for finding, entry in p.ignored}

    @property
    def ignored(self) -> int:
        """How many findings were ignored, each once over all platforms."""
        return len(self.exceptions)


def evaluate(
    findings: ImageFindings,
    policy: GatePolicy,
    today: date,
    *,
    scratch: bool = False,
    baseline: Baseline | None = None,
) -> Decision:
    """Decide on an image. `scratch`: it is declared to hold nothing a scanner knows, so an empty scan is complete.

    With a `baseline` only what is new against it can fail.
    """
    ignores = tuple(entry for entry in policy.ignores if entry.concerns(findings.image))
    judge = _Judge(policy, ignores, today, scratch=scratch, baseline=baseline)
    platforms = {p.platform: judge.decide(p) for p in findings.platforms}
    found = [finding for p in findings.platforms for finding in p.findings]
    used = frozenset(entry for entry in ignores if any(map(entry.matches, found)))
    if policy.is_off:
        verdict: Verdict = "none"
    else:
        verdict = "fail" if not platforms or any(p.verdict == "fail" for p in platforms.values()) else "pass"
    return Decision(
        verdict=verdict,
        platforms=platforms,
        warnings=tuple(_notes(used, found, today)),
        used=used,
        baseline=baseline.name if baseline else "",
    )


def rule_of(policy: GatePolicy, finding: Finding) -> str:
    """The rule that a blocking finding breaks: `vulnerability of severity high or above with a fix`."""
    name, _ = _NAMES[finding.category]
    return f"{name} {_UNKNOWN if finding.severity is Severity.UNKNOWN else _severities(policy, finding.category)}"


def known_as(finding: Finding) -> tuple[str, ...]:
    """What a baseline knows a finding by; the excerpt tells a second secret in a file from the first."""
    return (finding.category, *finding.key, finding.excerpt)


def unused_ignores(policy: GatePolicy, decisions: Mapping[str, Decision]) -> tuple[Ignore, ...]:
    """The entries that speak of one of these images (by name) and matched nothing in any of them."""
    used = {entry for decision in decisions.values() for entry in decision.used}
    return tuple(e for e in policy.ignores if e not in used and any(map(e.concerns, decisions)))


class _Judge:
    """One image's policy, applied to its platforms."""

    def __init__(
        self,
        policy: GatePolicy,
        ignores: Iterable[Ignore],
        today: date,
        *,
        scratch: bool,
        baseline: Baseline | None,
    ) -> None:
        self._policy = policy
        self._active = [entry for entry in ignores if entry.active(today)]
        self._today = today
        self._scratch = scratch
        self._known = baseline.known if baseline else frozenset()
        self._was_at_end = baseline is not None and baseline.end_of_life

    def decide(self, findings: PlatformFindings) -> PlatformDecision:
        ignored: list[tuple[Finding, Ignore]] = []
        waiting: list[tuple[Finding, date]] = []
        blocking: list[Finding] = []
        unknown: list[Finding] = []
        deployed: list[Finding] = []
        for finding in by_weight(findings.findings):
            entry = next((entry for entry in self._active if entry.matches(finding)), None)
            if entry:
                ignored.append((finding, entry))
            elif not self._counts(finding):
                continue
            elif known_as(finding) in self._known and finding.id != SILENCER:
                deployed.append(finding)
            elif (until := self._graced(finding)) is not None:
                waiting.append((finding, until))
            else:
                (unknown if finding.severity is Severity.UNKNOWN else blocking).append(finding)
        if self._policy.is_off:
            return PlatformDecision(verdict="none", ignored=tuple(ignored))
        said, faults = self._odd(findings)
        if unknown:
            said[self._policy.unknown].insert(0, f"{_number(_distinct(unknown))} {_UNKNOWN}")
        said["fail"][:0] = self._counted(blocking)
        if waiting:
            first = min(day for _, day in waiting)
            said["warn"].append(
                f"{_number(_distinct(f for f, _ in waiting))} with a fix will fail the gate, the first on {first}"
            )
        return PlatformDecision(
            verdict="fail" if said["fail"] else "pass",
            blocking=tuple(blocking + (unknown if self._policy.unknown == "fail" else [])),
            ignored=tuple(ignored),
            deployed=tuple(deployed),
            waiting=tuple(waiting),
            faults=tuple(faults),
            reasons=tuple(said["fail"]),
            warnings=tuple(said["warn"]),
        )

    def _counts(self, finding: Finding) -> bool:
        """True for what fails the gate, unless something excuses it."""
        if self._policy.fixable_only and finding.category == "vulnerability" and not finding.fixable:
            return False
        return self._policy.counts(finding.category, finding.severity)

    def _graced(self, finding: Finding) -> date | None:
        """The day from which a finding counts, where that is yet to come.

        One without a date counts at once, and so does one of a day that is yet to come.
        """
        if self._policy.grace is None or not finding.fixable:
            return None
        try:
            published = date.fromisoformat(finding.published[:10])
        except ValueError:
            return None
        age = self._today - published
        if not timedelta() <= age <= self._policy.grace:
            return None
        return self._today + (self._policy.grace - age) + timedelta(days=1)

    def _odd(self, findings: PlatformFindings) -> tuple[dict[Reaction, list[str]], list[str]]:
        """What is to be said besides findings, by reaction, and what of it is a fault."""
        said: dict[Reaction, list[str]] = {"fail": [], "warn": [], "ignore": []}
        if findings.end_of_life:
            reaction = self._policy.end_of_life_os
            text = f"{findings.os} {END_OF_LIFE}"
            said["warn" if reaction == "fail" and self._was_at_end else reaction].append(text)
        if not findings.complete and not self._scratch:
            said[self._policy.incomplete].append(_incomplete(findings))
        return said, list(said["fail"])

    def _counted(self, blocking: Sequence[Finding]) -> list[str]:
        """The blocking findings as numbers, one line a kind."""
        lines = []
        for category in CATEGORIES:
            number = _distinct(finding for finding in blocking if finding.category == category)
            if number:
                lines.append(f"{_number(number, _NAMES[category])} {_severities(self._policy, category)}")
        return lines


def _incomplete(findings: PlatformFindings) -> str:
    if not findings.covered:
        return f"{findings.os}: {NOT_COVERED}"
    return NAMELESS if findings.os == NAMELESS_OS else NOTHING_RECOGNISED


def _severities(policy: GatePolicy, category: Category) -> str:
    threshold = policy.thresholds.of(category)
    above = "" if threshold is Severity.CRITICAL else " or above"
    fix = " with a fix" if policy.fixable_only and category == "vulnerability" else ""
    return f"of severity {threshold}{above}{fix}"


def _distinct(findings: Iterable[Finding]) -> int:
    """How many there are as every report counts them: a secret on two lines of a file is one."""
    return len({finding.key for finding in findings})


def _number(number: int, names: tuple[str, str] = ("finding", "findings")) -> str:
    return f"{number} {names[number != 1]}"


def _notes(used: frozenset[Ignore], found: Iterable[Finding], today: date) -> Iterable[str]:
    for entry in sorted(used, key=lambda e: (e.id, e.label)):
        if not entry.active(today):
            yield f"the entry for {entry.label} expired on {entry.expires} and counts no more (owner: {entry.owner})"
            continue
        fixes = sorted({f"{f.package} {f.fixed}" for f in found if f.fixable and entry.matches(f)})
        if fixes:
            yield f"{entry.label} is ignored, but has a fix now: {', '.join(fixes)} (owner: {entry.owner})"
        elif entry.expires_soon(today):
            yield f"{entry.label} is ignored until {entry.expires} only (owner: {entry.owner})"
