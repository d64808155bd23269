"""The gate: what may pass. A policy and the findings in, a decision out; pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from ci_toolkit.model.findings import Severity, by_weight, purl_without_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from ci_toolkit.model.findings import Finding, ImageFindings, PlatformFindings

Reaction = Literal["fail", "warn", "ignore"]
Verdict = Literal["pass", "fail", "none"]
"""`none`: the gate is off and decided nothing."""
_NOTHING = "nothing was recognised: no operating system and no packages"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignore:
    """A finding that was triaged: which, why, who answers for it, until when."""

    id: str
    reason: str
    owner: str
    expires: date
    package: str | None = None
    path: str | None = None
    image: str | None = None

    def concerns(self, image: str) -> bool:
        """True where the entry speaks of this image."""
        return self.image in (None, image)

    def matches(self, finding: Finding) -> bool:
        """True for the finding it means.

        `id` may be any of the vulnerability's ids; `package` a name or a purl, with version or without; `path` a
        glob in which `*` crosses directories.
        """
        if self.id not in (finding.id, *finding.aliases):
            return False
        if self.package and self.package not in (
            finding.package, finding.purl, purl_without_version(finding.purl), finding.purl.partition("?")[0],
        ):  # fmt: skip
            return False
        return not self.path or fnmatchcase(finding.path, self.path.removeprefix("/"))

    def active(self, today: date) -> bool:
        """True up to and including the day it expires on."""
        return today <= self.expires

    @property
    def label(self) -> str:
        """What it ignores, for people: `CVE-2023-45853 of zlib1g`."""
        parts = [self.id, f"of {self.package}" if self.package else "", f"at {self.path}" if self.path else ""]
        return " ".join(part for part in [*parts, f"in {self.image}" if self.image else ""] if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePolicy:
    """From which severity on a finding fails the gate, and how the odd cases count."""

    severity: Severity | None
    """None switches the gate off (`severity: none`)."""
    fixable_only: bool
    unknown: Reaction
    """Findings whose severity nobody knows; `fixable_only` goes for them too."""
    end_of_life_os: Reaction
    incomplete: Reaction
    """Nothing recognised in an image: no operating system, no packages."""
    ignores: tuple[Ignore, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformDecision:
    """The gate's word on one platform."""

    verdict: Verdict
    blocking: tuple[Finding, ...] = ()
    """The findings that decided a `fail`, worst first."""
    ignored: tuple[tuple[Finding, Ignore], ...] = ()
    """What an active entry took out of the gate."""
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
    """Of the image as a whole: entries that expired, or whose finding has a fix now."""
    used: frozenset[Ignore] = frozenset()
    """The entries, active or expired, that matched a finding."""

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
    def ignored(self) -> int:
        """How many findings were ignored, each once over all platforms."""
        return len({finding.key for p in self.platforms.values() for finding, _ in p.ignored})


def evaluate(findings: ImageFindings, policy: GatePolicy, today: date, *, scratch: bool = False) -> Decision:
    """Decide on an image. `scratch`: it is declared to hold nothing a scanner knows, so an empty scan is complete."""
    ignores = tuple(entry for entry in policy.ignores if entry.concerns(findings.image))
    platforms = {p.platform: _platform(p, policy, ignores, today, scratch=scratch) for p in findings.platforms}
    found = [finding for p in findings.platforms for finding in p.findings]
    used = frozenset(entry for entry in ignores if any(map(entry.matches, found)))
    if policy.severity is None:
        verdict: Verdict = "none"
    else:
        verdict = "fail" if not platforms or any(p.verdict == "fail" for p in platforms.values()) else "pass"
    return Decision(verdict=verdict, platforms=platforms, warnings=tuple(_notes(used, found, today)), used=used)


def way_out(grounds: Sequence[str]) -> str:
    """What can be done about a `fail` on these grounds, as `Decision.grounds` has them."""
    if grounds and all(ground.endswith(_NOTHING) for ground in grounds):
        return "is the image built as it should be? If it holds nothing that a scanner knows, say so: `scratch: true`"
    return "upgrade what is fixable, or add a `scan.ignore` entry with a reason, an owner and an expiry date"


def unused_ignores(policy: GatePolicy, decisions: Mapping[str, Decision]) -> tuple[Ignore, ...]:
    """The entries that speak of one of these images (by name) and matched nothing in any of them."""
    used = {entry for decision in decisions.values() for entry in decision.used}
    return tuple(e for e in policy.ignores if e not in used and any(map(e.concerns, decisions)))


def _platform(
    findings: PlatformFindings, policy: GatePolicy, ignores: tuple[Ignore, ...], today: date, *, scratch: bool
) -> PlatformDecision:
    active = [entry for entry in ignores if entry.active(today)]
    ignored, blocking, unknown = [], [], []
    for finding in by_weight(findings.findings):
        entry = next((entry for entry in active if entry.matches(finding)), None)
        if entry:
            ignored.append((finding, entry))
        elif policy.fixable_only and not finding.fixable:
            continue
        elif finding.severity is Severity.UNKNOWN:
            unknown.append(finding)
        elif policy.severity is not None and finding.severity >= policy.severity:
            blocking.append(finding)
    if policy.severity is None:
        return PlatformDecision(verdict="none", ignored=tuple(ignored))
    said: dict[Reaction, list[str]] = {"fail": [], "warn": [], "ignore": []}
    if findings.end_of_life:
        said[policy.end_of_life_os].append(f"{findings.os} is past its end of life: nobody mends it any more")
    if not findings.complete and not scratch:
        said[policy.incomplete].append(_NOTHING)
    faults = tuple(said["fail"])
    if unknown:
        said[policy.unknown].insert(0, f"{_number(len(unknown))} of unknown severity")
    if blocking:
        said["fail"].insert(0, _threshold(len(blocking), policy.severity, fixable=policy.fixable_only))
    return PlatformDecision(
        verdict="fail" if said["fail"] else "pass",
        blocking=tuple(blocking + (unknown if policy.unknown == "fail" else [])),
        ignored=tuple(ignored),
        faults=faults,
        reasons=tuple(said["fail"]),
        warnings=tuple(said["warn"]),
    )


def _threshold(number: int, severity: Severity, *, fixable: bool) -> str:
    above = "" if severity is Severity.CRITICAL else " or above"
    return f"{_number(number)} of severity {severity}{above}{' with a fix' if fixable else ''}"


def _number(number: int) -> str:
    return "1 finding" if number == 1 else f"{number} findings"


def _notes(used: frozenset[Ignore], found: Iterable[Finding], today: date) -> Iterable[str]:
    for entry in sorted(used, key=lambda e: (e.id, e.label)):
        if not entry.active(today):
            yield f"the entry for {entry.label} expired on {entry.expires} and counts no more (owner: {entry.owner})"
            continue
        fixes = sorted({f"{f.package} {f.fixed}" for f in found if f.fixable and entry.matches(f)})
        if fixes:
            yield f"{entry.label} is ignored, but has a fix now: {', '.join(fixes)} (owner: {entry.owner})"
