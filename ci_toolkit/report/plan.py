"""A plan as text: what would be done, in order, ready to be read or pasted into a shell."""

from __future__ import annotations

import shlex
from itertools import groupby
from typing import TYPE_CHECKING

from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.model.plan import Action


def plan_text(actions: Sequence[Action]) -> str:
    """The actions grouped by step, numbered through; no line of it is a command of a CI system."""
    lines: list[str] = []
    number = 0
    for step, group in groupby(actions, key=lambda action: action.step):
        lines.append(f"{step}")
        for action in group:
            number += 1
            lines.append(f"  {number:>2}. {action.summary}")
            lines.extend(f"      {line}" for line in _detail(action))
    return "\n".join(neutralise(line) for line in "\n".join(lines).split("\n"))


def _detail(action: Action) -> Iterator[str]:
    if action.argv:
        yield "$ " + shlex.join(action.argv)
    if action.url:
        yield f"{action.method} {action.url}"
    if action.path:
        yield f"writes {action.path}"
    if action.when:
        yield f"if {action.when}"
