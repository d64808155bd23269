"""Which digest went to which environment: those that a run is about openly, others folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.markdown_blocks import Rank, Row, cells, excerpt, folded, table, text_block
from ci_toolkit.report.plain import code, link, markdown, minute

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.model.promotion import Promotion
    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import RunReport

_MOST = 100
_COLUMNS = ("Promotion", "Repositories", "Tags", "Gate", "When")


def promotions(report: RunReport) -> Iterator[Block]:
    """A table of those to the environment in question; a folded one of the others."""
    if report.promotions:
        yield text_block("### Promotions")
        yield _table(report.promotions)
    if report.other_promotions:
        number = len(report.other_promotions)
        words = "1 other promotion" if number == 1 else f"{number} other promotions"
        yield folded(words, _table(report.other_promotions))


def _table(made: Sequence[Promotion]) -> Block:
    rows = [Row(cells(*_cells(promotion)), Rank.MANIFEST) for promotion in made[:_MOST]]
    return excerpt(table(_COLUMNS, rows), len(made), "promotions; all are in the state")


def _cells(promotion: Promotion) -> Iterator[str]:
    way = f"{markdown(promotion.source)} → **{markdown(promotion.environment)}**"
    yield f"{markdown(promotion.image)} {code(promotion.digest.short)}<br>{way}"
    yield f"{code(promotion.source_repository)}<br>→ {code(promotion.repository)}"
    yield "<br>".join(_tag(promotion, tag) for tag in promotion.tags)
    overridden = f"⚠️ overridden: {markdown(promotion.reason or '')}"
    yield {"on": "✅ passed", "off": "off", "overridden": overridden}[promotion.gate]
    by = f"<br>by {markdown(promotion.by)}" if promotion.by else ""
    yield link(markdown(minute(promotion.at)), promotion.run_url or "") + by


def _tag(promotion: Promotion, tag: str) -> str:
    before = promotion.replaced.get(tag)
    return code(tag) + (f" was {code(before.short)}" if before and before != promotion.digest else "")
