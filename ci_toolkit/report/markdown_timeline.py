"""A picture of the run: every step with its time and outcome, as a mermaid flowchart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_toolkit.report.markdown_blocks import text_block
from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.model.timeline import Outcome, StepTime
    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import RunReport

_LOOKS: dict[Outcome, tuple[str, str, str]] = {
    "done": ("done", "✓", "fill:#1f883d,stroke:#1a7f37,color:#ffffff"),
    "refused": ("refused", "⛔ refused", "fill:#bc4c00,stroke:#953800,color:#ffffff"),
    "failed": ("failed", "✗ failed", "fill:#cf222e,stroke:#a40e26,color:#ffffff"),
    "left out": ("leftOut", "left out", "fill:#eaeef2,stroke:#8c959f,color:#424a53,stroke-dasharray:4"),
}
"""Class, mark and style of an outcome. Words tell it too: nobody needs to see colours."""
_MEANINGFUL = re.compile(r"[^\w .,:;/+()✓✗⛔-]")


def timeline(report: RunReport) -> Iterator[Block]:
    """The picture; nothing for a single step, whose time the log shows."""
    if len(report.times) < 2:
        return
    names = [f"s{number}" for number in range(len(report.times))]
    nodes = [
        f"    {name}[{_label(time)}]:::{_LOOKS[time.outcome][0]}"
        for name, time in zip(names, report.times, strict=True)
    ]
    used = {time.outcome for time in report.times}
    styles = [f"    classDef {look} {style}" for outcome, (look, _, style) in _LOOKS.items() if outcome in used]
    arrows = f"    {' --> '.join(names)}"
    whole = max(time.began + time.seconds for time in report.times)
    yield text_block(f"### {spoken(whole)} in all")
    yield text_block("```mermaid", "flowchart LR", *nodes, arrows, *styles, "```")


def spoken(seconds: float) -> str:
    """A time as people say it.

    >>> [spoken(number) for number in (0.04, 9.96, 61.2, 3600)]
    ['0.0 s', '10 s', '1 min 1 s', '60 min 0 s']
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _label(time: StepTime) -> str:
    """A quoted label of letters, digits and harmless signs (mermaid: flowchart syntax, special characters)."""
    mark = _LOOKS[time.outcome][1]
    step = _MEANINGFUL.sub("", plain(time.step, 40)) or "step"
    second = mark if time.outcome == "left out" else f"{spoken(time.seconds)} {mark}"
    return f'"{step}<br>{second}"'
