"""What to do about a refusal, as a few lines for a terminal."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from ci_toolkit.model.text import neutralise
from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.model.explanation import Explanation

_ACTS = 5


def explanation_lines(explanation: Explanation, width: int) -> Iterator[str]:
    """The acts that get furthest, then an entry to paste for the worst finding that none of them mends.

    `width` in characters; the entry keeps its lines.
    """
    if not explanation.grounds:
        return
    yield "what to do:"
    for number, act in enumerate(explanation.acts[:_ACTS], 1):
        gain = act.takes_away(len(explanation.grounds))
        told = plain(act.text, 600) + (f" ({gain})" if gain else "")
        yield from wrap(f"  {number}. {told}", width, subsequent_indent="     ")
    if (more := len(explanation.acts) - _ACTS) > 0:
        yield f"  … and {more} more to do"
    stuck = [act.findings[0] for act in explanation.acts if act.kind == "none"]
    finding = (stuck or [explanation.grounds[0].finding])[0]
    if entry := explanation.entry(finding):
        yield "or triage, such as this under `scan.ignore`, once it has a reason and an owner:"
        yield from (f"  {neutralise(line)}" for line in entry.splitlines())
