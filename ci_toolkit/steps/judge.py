"""What a scan kept of an image, read and judged once for all who tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.steps.scanned import base_line, baseline_of, decision_of_that_day, explanation_of, findings_of

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.errors import SourceLine
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.explanation import Explanation
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.state import ImageState, Scan
    from ci_toolkit.steps.scan_targets import Scannable


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """An image's findings, and what the gate said of them on the day of the scan."""

    findings: ImageFindings
    decision: Decision
    explanation: Explanation
    place: SourceLine
    """As `base_line` has it."""


class Judge:
    """Goes by one policy. Of thousands of findings, reading and judging take longer than most reports of them."""

    def __init__(self, policy: GatePolicy, *, root: Path, repository: Path) -> None:
        """`root`: the config's directory; `repository`: the checkout's top, which places are named from."""
        self._policy = policy
        self._root = root
        self._repository = repository
        self._known: dict[tuple[str, Digest | None, Scan | None, str | None], Judged] = {}

    def of(self, options: Scannable, image: ImageState) -> Judged:
        """The image's, as its last scan left it; raises what reading and judging raise, each time anew."""
        key = (options.name, image.digest, image.scan, image.reports.get("findings"))
        if key not in self._known:
            findings = findings_of(options.name, image, self._root)
            held = baseline_of(options.name, image, self._root)
            decision = decision_of_that_day(findings, self._policy, scratch=options.scratch, baseline=held)
            place = base_line(options, self._repository)
            explanation = explanation_of(findings, decision, self._policy, options, place)
            judged = Judged(findings=findings, decision=decision, explanation=explanation, place=place)
            self._known[key] = judged
        return self._known[key]
