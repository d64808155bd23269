"""Why the gate said no, finding by finding, and the shortest way out; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ci_toolkit.model.findings import by_weight
from ci_toolkit.model.gate import END_OF_LIFE, NAMELESS, NOT_COVERED, NOTHING_RECOGNISED, rule_of
from ci_toolkit.model.triage_entry import entry_for, is_image_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from ci_toolkit.model.findings import Finding, ImageFindings, Layer
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import GatePolicy

Kind = Literal["base", "package", "secret", "misconfiguration", "license", "none"]
"""What is to be done: with the base image, a package, and so on; `none`: nothing but to do without, or to triage."""
_PACKAGES = 4
_VERSIONS = 4
_LONGEST_ENTRY = 2_000
_NOTHING = "scratch"
_FAULTS = {
    NOTHING_RECOGNISED: "is the image built as it should be? If it holds nothing that a scanner knows, say so: "
    "`scratch: true`",
    NAMELESS: "leave /etc/os-release in the image; where it can't be, `scan.gate.incomplete: warn` lets it pass",
    END_OF_LIFE: "move to a release that still gets updates; until then `scan.gate.end-of-life-os: warn` lets it pass",
    NOT_COVERED: "build on a distribution that Trivy has advisories for; `scan.gate.incomplete: warn` lets it pass",
}
"""How a fault ends → the way out of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The Dockerfile that an image is built from, as people know it."""

    dockerfile: str
    """Empty where nobody says which one that is."""
    line: int = 0
    """Of the `FROM` that brings the base image in."""
    base: str = ""
    """The base image, as that `FROM` has it; empty where nobody knows."""

    def at(self, line: int) -> str:
        """`Dockerfile:7`; the file alone where the line isn't known, nothing where neither is."""
        if not line:
            return self.dockerfile and f"`{self.dockerfile}`"
        return f"`{self.dockerfile or 'Dockerfile'}:{line}`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """A finding that blocks, and why it does."""

    finding: Finding
    rule: str
    """The rule it breaks: `vulnerability of severity high or above with a fix`."""
    layer: Layer | None
    """What brought it, where that is known."""

    @property
    def is_of_base(self) -> bool:
        """True for what the base image brings; a distribution's packages are its, unless a layer says otherwise."""
        known = self.layer.base if self.layer else None
        return self.finding.kind == "os-pkgs" if known is None else known


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One thing to do, and what it takes away."""

    kind: Kind
    text: str
    """An order in plain words. What is from outside stands in backticks, or is the scanner's advice: untrusted."""
    findings: tuple[Finding, ...]
    """Worst first."""
    rules: tuple[str, ...]
    """What they break."""

    def takes_away(self, blocking: int) -> str:
        """How far it gets: `takes away 14 of 17 blocking findings`; empty for what is no more than a hope."""
        if self.kind == "none":
            return ""
        findings = "finding" if blocking == 1 else "findings"
        return f"takes away {len(self.findings):,} of {blocking:,} blocking {findings}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """The decision on one image, explained. Empty where nothing blocks."""

    image: str | None
    """Its name in the config, which a triage entry is held to; None for one that no config builds."""
    day: date
    """On which a triage entry would be made."""
    grounds: tuple[Ground, ...] = ()
    """Worst first."""
    acts: tuple[Act, ...] = ()
    """That which takes most away first; what nothing mends last."""

    def entry(self, finding: Finding) -> str:
        """The triage entry to paste, where nothing else helps; it lacks reason and owner.

        Empty for a finding with words so long that nobody pastes them.
        """
        made = entry_for(finding, self.image, self.day)
        return made if len(made) <= _LONGEST_ENTRY else ""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "acts": [
                {"kind": act.kind, "text": act.text, "takes_away": [finding.line for finding in act.findings]}
                for act in self.acts
            ],
            "grounds": [self._ground(ground) for ground in self.grounds],
        }

    def _ground(self, ground: Ground) -> dict[str, Any]:
        finding = ground.finding
        told = {
            "id": finding.id,
            "subject": finding.subject,
            "severity": str(finding.severity),
            "severity_source": finding.severity_source,
            "rule": ground.rule,
            "fix": finding.fixed if finding.fixable else "",
            "line": ground.layer.line if ground.layer else 0,
            "triage_entry": self.entry(finding),
        }
        known = {} if ground.layer is None or ground.layer.base is None else {"base": ground.layer.base}
        return {name: value for name, value in told.items() if value not in ("", 0)} | known


def explain(
    findings: ImageFindings, decision: Decision, policy: GatePolicy, *, source: Source, today: date
) -> Explanation:
    """Each blocking finding with its rule, and what to do about them all."""
    grounds = tuple(
        Ground(finding=finding, rule=rule_of(policy, finding), layer=findings.layer_of(finding))
        for finding in decision.blocking
    )
    groups: dict[tuple[Kind, str], list[Ground]] = {}
    for ground in grounds:
        groups.setdefault(_group(ground), []).append(ground)
    acts = [
        Act(
            kind=kind,
            text=_text(kind, group, source),
            findings=tuple(by_weight(ground.finding for ground in group)),
            rules=tuple(dict.fromkeys(ground.rule for ground in group)),
        )
        for (kind, _), group in groups.items()
    ]
    acts.sort(key=lambda act: (act.kind == "none", -len(act.findings)))
    image = findings.image if source.dockerfile and is_image_name(findings.image) else None
    return Explanation(image=image, day=today, grounds=grounds, acts=tuple(acts))


def way_out(grounds: Sequence[str]) -> str:
    """What can be done about a `fail` on these grounds, as `Decision.grounds` has them, in a single line."""
    ways = {way_out_of(ground) for ground in grounds}
    if len(ways) == 1 and (way := ways.pop()):
        return way
    return "upgrade what is fixable, or add a `scan.ignore` entry with a reason, an owner and an expiry date"


def way_out_of(fault: str) -> str:
    """What can be done about one of the decision's faults; empty for a finding."""
    return next((way for end, way in _FAULTS.items() if fault.endswith(end)), "")


def _group(ground: Ground) -> tuple[Kind, str]:
    """What one act takes away together."""
    finding = ground.finding
    if finding.category == "secret":
        return "secret", finding.path
    if finding.category == "misconfiguration":
        return "misconfiguration", f"{finding.id}\0{finding.path}"
    if finding.category == "license":
        return "license", finding.package or finding.path
    if not finding.fixable:
        return "none", finding.package
    return ("base", "") if ground.is_of_base else ("package", f"{finding.package}\0{finding.place}")


def _text(kind: Kind, group: Sequence[Ground], source: Source) -> str:
    first = group[0].finding
    line = next((g.layer.line for g in group if g.layer and g.layer.line), 0)
    place = source.at(line or source.line)
    if kind == "base" and source.base == _NOTHING:
        there_is_none = f"{place or 'the image'} is `FROM {_NOTHING}`, so there is no base image to upgrade"
        return f"upgrade {_packages(group)}: {there_is_none}"
    if kind == "base":
        name = f" {_quoted(source.base)}" if source.base else ""
        at = f" at {place}" if place else ""
        return f"upgrade the base image{name}{at}: it brings {_packages(group)}"
    by = f" that {source.at(line)} brings" if line else ""
    if kind == "package":
        where = f" in {_quoted(f'/{first.path}')}" if first.path else ""
        brought = f"; {source.at(line)} brings it" if line else ""
        return f"upgrade {_quoted(first.package)}{where} {_to(g.finding for g in group)}{brought}"
    if kind == "secret":
        stays = "its layer keeps it, even where a later one deletes it" if first.path else "every pull of it shows it"
        return f"remove the secret in {_subject(first)}{by}, and rotate it: {stays}"
    if kind == "misconfiguration":
        return f"mend {_quoted(first.id)} in {_subject(first)}{by}: {first.resolution or first.title}".rstrip(": ")
    if kind == "license":
        licences = ", ".join(dict.fromkeys(_quoted(g.finding.id) for g in group))
        return f"replace {_subject(first)}{by}, which is under {licences}, by something under another licence"
    other = f"choose another base image{f' than {place} has' if place else ''}"
    where = other if group[0].is_of_base and source.base != _NOTHING else "do without"
    return f"nothing is fixed yet in {_quoted(first.package)}: {where}, or triage it"


def _subject(finding: Finding) -> str:
    if finding.package:
        return _quoted(finding.package)
    return _quoted(f"/{finding.path}") if finding.path else "the image's config"


def _packages(group: Sequence[Ground]) -> str:
    """The packages, those with most findings first."""
    numbers: dict[str, int] = {}
    for ground in group:
        numbers[ground.finding.package] = numbers.get(ground.finding.package, 0) + 1
    ordered = sorted(numbers, key=lambda name: -numbers[name])
    more = f" and {len(ordered) - _PACKAGES} more packages" if len(ordered) > _PACKAGES else ""
    return ", ".join(map(_quoted, ordered[:_PACKAGES])) + more


def _to(findings: Iterable[Finding]) -> str:
    """Of several versions, which one is the highest isn't ours to tell, but only that one has every fix."""
    versions = list(dict.fromkeys(finding.fixed for finding in findings))
    some = ", ".join(_quoted(version) for version in versions[:_VERSIONS])
    more = f" and {len(versions) - _VERSIONS} more" if len(versions) > _VERSIONS else ""
    return f"to {some}" if len(versions) == 1 else f"to the highest of {some}{more}"


def _quoted(text: str) -> str:
    return f"`{text[:200].replace('`', chr(39))}`"
