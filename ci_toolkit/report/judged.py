"""What is known of each finding of an image: where it is, which layer brought it, what the gate made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ci_toolkit.model.findings import Counts, Layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.model.distinct import Distinct
    from ci_toolkit.model.findings import Finding, ImageFindings, PlatformFindings
    from ci_toolkit.model.gate import Decision

Standing = Literal["blocking", "waiting", "deployed", "ignored", ""]
"""What the gate made of a finding; empty where the policy doesn't count it."""
Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A finding, once over all platforms. Where the gate judges its platforms apart, the hardest word counts."""

    found: Distinct
    standing: Standing = ""
    why: str = ""
    """Of a waiting or an ignored one: until when, and who says so."""
    layers: tuple[int, ...] = ()
    """Positions in `LayerShare`s."""


@dataclass(kw_only=True, slots=True)
class LayerShare:
    """A layer, and what it brought. Platforms share one whose instruction and height are the same."""

    layer: Layer
    height: int
    """From 1, the lowest; 0 where only a finding names the layer."""
    platforms: list[str] = field(default_factory=list)
    findings: dict[Key, Finding] = field(default_factory=dict)

    @property
    def counts(self) -> Counts:
        """What it brought, by severity."""
        return Counts.of(finding.severity for finding in self.findings.values())


def judged(findings: ImageFindings, decision: Decision, shares: Sequence[LayerShare]) -> list[Judged]:
    """Every finding, worst first."""
    standings = _standings(decision)
    brought: dict[Key, list[int]] = {}
    for position, share in enumerate(shares):
        for key in share.findings:
            brought.setdefault(key, []).append(position)
    everything = []
    for found in findings.distinct:
        key = found.finding.key
        standing, why = standings.get(key, ("", ""))
        everything.append(Judged(found=found, standing=standing, why=why, layers=tuple(brought.get(key, ()))))
    return everything


def layer_shares(findings: ImageFindings) -> list[LayerShare]:
    """The layers of all platforms, lowest first."""
    shares: dict[tuple[int, str], LayerShare] = {}
    for platform in findings.platforms:
        at = _heights(platform)
        for height, layer in at.values():
            share = shares.setdefault(
                (height, layer.created_by or layer.digest), LayerShare(layer=layer, height=height)
            )
            if platform.platform not in share.platforms:
                share.platforms.append(platform.platform)
        for finding in platform.findings:
            if finding.layer:
                height, layer = at[finding.layer]
                shares[height, layer.created_by or layer.digest].findings.setdefault(finding.key, finding)
    return sorted(shares.values(), key=lambda share: share.height or len(shares) + 1)


def _heights(platform: PlatformFindings) -> Mapping[str, tuple[int, Layer]]:
    """By digest and by diff id, whichever a finding names; a layer that only findings name has no height."""
    at: dict[str, tuple[int, Layer]] = {}
    for height, layer in enumerate(platform.layers, 1):
        for name in filter(None, (layer.digest, layer.diff_id)):
            at[name] = (height, layer)
    for finding in platform.findings:
        if finding.layer:
            at.setdefault(finding.layer, (0, Layer(digest=finding.layer)))
    return at


def _standings(decision: Decision) -> Mapping[Key, tuple[Standing, str]]:
    found: dict[Key, tuple[Standing, str]] = {}
    platforms = decision.platforms.values()
    for finding, entry in (pair for p in platforms for pair in p.ignored):
        found[finding.key] = ("ignored", f"{entry.reason} ({entry.owner}, until {entry.expires})")
    for finding in (finding for p in platforms for finding in p.deployed):
        found[finding.key] = ("deployed", f"in {decision.baseline} already")
    for finding, day in (pair for p in platforms for pair in p.waiting):
        found[finding.key] = ("waiting", f"blocks from {day} on")
    for finding in (finding for p in platforms for finding in p.blocking):
        found[finding.key] = ("blocking", "")
    return found
