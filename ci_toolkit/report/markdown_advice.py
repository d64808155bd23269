"""What to do about the findings that block: a few lines, the largest lever first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.kinds import KINDS
from ci_toolkit.report.markdown_blocks import text_block
from ci_toolkit.report.plain import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.model.findings import Finding
    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import ImageReport

_PACKAGES = 6
_VERSIONS = 4


def advice(image: ImageReport, blocking: Sequence[Finding]) -> Iterator[Block]:
    """Rebuild on a newer base, upgrade, triage: each for the packages that it helps with."""
    base = [f for f in blocking if f.fixable and f.kind == "os-pkgs"]
    own = [f for f in blocking if f.fixable and f.kind != "os-pkgs"]
    without = [f for f in blocking if not f.fixable and f.category == "vulnerability"]
    others = {f.category: KINDS[f.category] for f in blocking if f.category != "vulnerability"}
    place = code(f"{image.dockerfile}:{image.line}")
    lines = []
    if base:
        lines.append(f"- Move the base image at {place} to a newer one: it brings {_packages(base)}.")
    if own:
        lines.append(f"- Upgrade {_packages(own)}.")
    if without:
        lines.append(
            f"- Nothing is fixed yet in {_packages(without)}: do without, or triage it under `scan.ignore` "
            "with a reason, an owner and an expiry date."
        )
    lines += [f"- {kind.id_is}: {kind.advice[0].lower()}{kind.advice[1:]}" for kind in others.values()]
    if lines:
        yield text_block("**What to do**", "", *lines)


def _packages(findings: Sequence[Finding]) -> str:
    """The packages, those with most findings first, with the versions that help."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.package, []).append(finding)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    told = [_package(name, group) for name, group in ordered[:_PACKAGES]]
    more = f" and {len(ordered) - _PACKAGES} more packages" if len(ordered) > _PACKAGES else ""
    return ", ".join(told) + more


def _package(name: str, findings: Sequence[Finding]) -> str:
    """With the version that helps; where findings have several, which of them is the highest isn't ours to tell."""
    fixed = list(dict.fromkeys(finding.fixed for finding in findings if finding.fixable))
    to = f" to {code(fixed[0], 60)}" if len(fixed) == 1 else ""
    notes = [f"{len(findings)} findings"] if len(findings) > 1 else []
    notes += [f"fixed in {', '.join(code(version, 60) for version in fixed[:_VERSIONS])}"] if len(fixed) > 1 else []
    return f"{code(name, 100)}{to}" + (f" ({', '.join(notes)})" if notes else "")
