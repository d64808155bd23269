"""What became of the entries of the triage in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.triage import judged, most_urgent_first

if TYPE_CHECKING:
    from ci_toolkit.model.triage import Triaged
    from ci_toolkit.report.run_report import RunReport


def triaged(report: RunReport) -> tuple[Triaged, ...]:
    """The entries that speak of an image of this run that was scanned; urgent first."""
    scanned = [image.findings for image in report.images if image.findings and image.decision]
    met = []
    for entry in report.policy.ignores:
        own = [findings for findings in scanned if entry.concerns(findings.image)]
        if own:
            found = (finding for f in own for platform in f.platforms for finding in platform.findings)
            met.append(judged(entry, found, report.today))
    return most_urgent_first(met)
