"""A promotion at a glance: which digest went from where to where, and what its tags were before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.text import neutralise
from ci_toolkit.report.commits import commit_line
from ci_toolkit.report.pin_row import pin_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.model.promotion import Promotion
    from ci_toolkit.state import State


def promotions_text(state: State, environment: str) -> str:
    """The promotions to an environment and its pins, as lines."""
    lines: list[str] = []
    for promotion in state.promotions:
        if promotion.environment == environment:
            lines.append(f"{promotion.image} → {environment}")
            lines += [f"  {label:<8}{value}" for label, value in _rows(promotion)]
    for pin in state.pins:
        if pin.environment == environment:
            label, place = pin_row(pin)
            lines.append(f"{label:<10}{place}")
    for commit in state.commits:
        if commit.environment == environment:
            lines.append(f"committed {commit_line(commit)}")
    return "\n".join(map(neutralise, lines))


def _rows(promotion: Promotion) -> Iterator[tuple[str, str]]:
    yield "digest", str(promotion.digest)
    yield "from", f"{promotion.source} ({promotion.source_repository})"
    yield "to", promotion.repository
    for tag in promotion.tags:
        before = promotion.replaced.get(tag)
        yield "tag", tag + (f"  (was {before})" if before else "")
    gate = {"on": "passed", "off": "off", "overridden": f"overridden: {promotion.reason}"}[promotion.gate]
    yield "gate", gate
    who = f" by {promotion.by}" if promotion.by else ""
    where = f", {promotion.run_url}" if promotion.run_url else ""
    yield "when", f"{promotion.at}{who}{where}"
