"""Two scans held against each other: what is new, what is gone, what is told differently now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.findings import by_weight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.model.findings import Finding, ImageFindings

FORMAT = 1
"""Version of `schemas/diff.schema.json`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A finding of both scans whose severity or fix isn't what it was."""

    before: Finding
    after: Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageDiff:
    """One image. A finding is the same one by its key, and counts once over all platforms, at its worst."""

    name: str
    old: ImageFindings | None
    """None where only the other scan has the image."""
    new: ImageFindings | None
    appeared: tuple[Finding, ...]
    """Worst first, as everything here is."""
    gone: tuple[Finding, ...]
    changed: tuple[Changed, ...]
    unchanged: int

    @property
    def names(self) -> tuple[str, ...]:
        """What the image is called, before and after where that differs."""
        before = self.old.image if self.old else self.name
        return (self.name,) if before == self.name else (before, self.name)

    def as_json(self) -> dict[str, Any]:
        """An image's part of the document."""
        return {
            "old": _told(self.old),
            "new": _told(self.new),
            "appeared": [finding.as_json() for finding in self.appeared],
            "gone": [finding.as_json() for finding in self.gone],
            "changed": [{"before": each.before.as_json(), "after": each.after.as_json()} for each in self.changed],
            "unchanged": self.unchanged,
        }


def diff_images(old: Sequence[ImageFindings], new: Sequence[ImageFindings]) -> tuple[ImageDiff, ...]:
    """Image by image, by name; a single image on either side is compared whatever it is called."""
    if len(old) == len(new) == 1:
        return (_diff(new[0].image, old[0], new[0]),)
    before, after = ({findings.image: findings for findings in side} for side in (old, new))
    return tuple(_diff(name, before.get(name), after.get(name)) for name in sorted(before | after))


def as_json(diffs: Sequence[ImageDiff]) -> dict[str, Any]:
    """The document of `schemas/diff.schema.json`."""
    return {"version": FORMAT, "images": {diff.name: diff.as_json() for diff in diffs}}


def _diff(name: str, old: ImageFindings | None, new: ImageFindings | None) -> ImageDiff:
    before, after = _worst(old), _worst(new)
    both = [Changed(before=before[key], after=finding) for key, finding in after.items() if key in before]
    changed = {each.after: each for each in both if _words(each.before) != _words(each.after)}
    return ImageDiff(
        name=name,
        old=old,
        new=new,
        appeared=tuple(by_weight(finding for key, finding in after.items() if key not in before)),
        gone=tuple(by_weight(finding for key, finding in before.items() if key not in after)),
        changed=tuple(changed[finding] for finding in by_weight(changed)),
        unchanged=len(both) - len(changed),
    )


def _words(finding: Finding) -> tuple[object, ...]:
    return (finding.severity, finding.fixable, finding.fixed)


def _worst(findings: ImageFindings | None) -> Mapping[tuple[str, str, str], Finding]:
    everything = (finding for platform in (findings.platforms if findings else ()) for finding in platform.findings)
    return {finding.key: finding for finding in reversed(by_weight(everything))}


def _told(findings: ImageFindings | None) -> dict[str, Any] | None:
    if findings is None:
        return None
    return {"image": findings.image, "digest": str(findings.digest), "scanned_at": findings.scanned_at}
