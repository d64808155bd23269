"""What the gate refuses, as remarks at the line of the Dockerfile that brought it, else at its `FROM`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.annotation import Annotation
from ci_toolkit.model.findings import by_weight
from ci_toolkit.report.kinds import KINDS, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.model.findings import Finding
    from ci_toolkit.report.run_report import ImageReport, RunReport

_PLACES = 5


def findings_annotations(report: RunReport) -> Iterator[Annotation]:
    """One error for each id and package of an image, and for what else made the gate say no."""
    found = [(first, group, image) for image in report.images for first, group in _groups(image)]
    for first, group, image in sorted(found, key=lambda f: (-f[0].severity, not f[0].fixable, f[0].id, f[0].package)):
        yield _finding(first, group, image)
    for image in report.images:
        for name, platform in image.decision.platforms.items() if image.decision else ():
            for fault in platform.faults:
                yield Annotation(
                    level="error",
                    title=f"{image.name} is refused",
                    message=f"{name}: {fault}",
                    file=image.dockerfile,
                    line=image.line,
                )


def _groups(image: ImageReport) -> Iterator[tuple[Finding, dict[Finding, list[str]]]]:
    """The worst finding of each id and package, and all of them with their platforms."""
    groups: dict[tuple[str, str], dict[Finding, list[str]]] = {}
    for name, platform in image.decision.platforms.items() if image.decision else ():
        for finding in platform.blocking:
            group = groups.setdefault((finding.id, finding.package), {})
            group.setdefault(finding, []).append(name)
    for group in groups.values():
        yield by_weight(group)[0], group


def _finding(first: Finding, group: dict[Finding, list[str]], image: ImageReport) -> Annotation:
    platforms = dict.fromkeys(name for names in group.values() for name in names)
    paths = list(dict.fromkeys(place for finding in group if (place := place_of(finding))))
    more = f" and {len(paths) - _PLACES} more places" if len(paths) > _PLACES else ""
    where = f" at {', '.join(paths[:_PLACES])}{more}" if paths else ""
    title = f": {first.title}" if first.title else ""
    layer = image.findings.layer_of(first) if image.findings else None
    about = f"{first.severity}{_step(first)}{where}, in {image.name} ({', '.join(platforms)}){title}"
    return Annotation(
        level="error",
        title=f"{first.id} in {first.package}" if first.package else f"{KINDS[first.category].noun} {first.id}",
        message=f"{about}. {_advice(first)}",
        file=image.dockerfile,
        line=(layer.line if layer else 0) or image.line,
    )


def _step(finding: Finding) -> str:
    if finding.fixable:
        return f", {finding.installed} → {finding.fixed}"
    return f", {finding.installed}, no fix" if finding.category == "vulnerability" else ""


def _advice(finding: Finding) -> str:
    if finding.category != "vulnerability":
        return finding.resolution or KINDS[finding.category].advice
    if not finding.fixable:
        return "Do without the package, or triage it under `scan.ignore` with a reason, an owner and an expiry date."
    if finding.kind == "os-pkgs":
        return "Build on a newer base image."
    return f"Upgrade {finding.package}."
