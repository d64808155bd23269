"""What the triage ignores of an image, for reports that have no word of their own for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.model.distinct import Distinct
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.policy import Ignore


def ignored_everywhere(
    findings: ImageFindings, ignored: Mapping[str, Mapping[tuple[str, str, str], Ignore]]
) -> Iterator[tuple[Distinct, Ignore]]:
    """Each finding that is ignored on every platform that has it, once, worst first, with its entry.

    `ignored`: platform → key of a finding → the entry that ignores it there.
    """
    if not any(ignored.values()):
        return
    for found in findings.distinct:
        entries = [ignored.get(platform.platform, {}).get(found.finding.key) for platform in found.platforms]
        if entries[0] and all(entries):
            yield found, entries[0]


def ignored_words(entry: Ignore) -> str:
    """`ignored until 2027-03-31 by platform: minizip isn't built`, on one line."""
    return f"ignored until {entry.expires} by {plain(entry.owner, 100)}: {plain(entry.reason, 500)}"
