"""An image that is deployed now, which the gate holds a new one against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.gate import Baseline

if TYPE_CHECKING:
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.steps.quarantine import Quarantine
    from ci_toolkit.steps.scan_results import ScanResults


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """An image that is deployed now: `name` says where that is known from."""

    name: str
    digest: Digest
    place: Quarantine | None = None
    """The repository to read it from; None where its findings are known already."""
    findings: ImageFindings | None = None


def label_of(name: str) -> str:
    """What the targets of the deployed image are called in a scan: no image's name has a blank."""
    return f"{name} deployed"


def baseline_from(deployed: Deployed | None, findings: ImageFindings, results: ScanResults) -> Baseline | None:
    """What the gate holds an image against; `findings`: its own, the baseline's too if it is deployed already."""
    if deployed is None:
        return None
    known = deployed.findings or findings
    if deployed.place:
        known = results.findings(findings.image, deployed.digest, label_of(findings.image))
    return Baseline(name=deployed.name, findings=known)
