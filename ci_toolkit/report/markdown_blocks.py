"""Markdown in blocks that can be made shorter, row by row, without tearing a table, a fold or a fence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TOO_LONG = "_The rest is left out: a summary may not be longer._"


class Rank(IntEnum):
    """How dear a row is. Where not everything fits, the highest number goes first."""

    ALWAYS = 0
    BLOCKING = 1
    MANIFEST = 2
    TRIAGE = 3
    SEVERE = 4
    PLATFORM = 5
    MINOR = 6


class Row(NamedTuple):
    """Lines that stay or go together."""

    text: str
    rank: Rank = Rank.ALWAYS


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Rows with what stands before and after them as long as there are any."""

    rows: tuple[Row, ...]
    head: str = ""
    foot: str = ""
    left_out: int = 0
    """How many rows are missing at the end."""
    what: str = ""
    """What a row is and where all of them are, to say how many are missing: `findings: all are in findings.json`."""

    @property
    def text(self) -> str:
        """The block, ended by how many rows are missing."""
        body = [part for part in (self.head, *(row.text for row in self.rows), self.foot) if part] if self.rows else []
        more = f"_… {self.left_out:,} more {self.what}_" if self.left_out else ""
        return "\n\n".join(part for part in ("\n".join(body), more) if part)


def text_block(*lines: str) -> Block:
    """Lines that stay whatever else has to go."""
    return Block(rows=(Row("\n".join(lines)),))


def table(head: Sequence[str], rows: Iterable[Row], *, numbers: bool = False) -> Block:
    """A table, aligned to the left; with `numbers` all columns but the first are aligned to the right."""
    rules = [":--", *("--:" if numbers else ":--" for _ in head[1:])]
    return Block(head=f"{cells(*head)}\n{cells(*rules)}", rows=tuple(rows))


def cells(*texts: str) -> str:
    """One row of a table; the texts are Markdown already."""
    return f"| {' | '.join(texts)} |"


def folded(title: str, block: Block) -> Block:
    """The block under a line that opens it; `title` is Markdown already. It costs nothing where there are no rows."""
    head = f"<details><summary>{title}</summary>\n\n{block.head}"
    return replace(block, head=head, foot=f"{block.foot}\n</details>")


def excerpt(block: Block, whole: int, what: str) -> Block:
    """The block as the first rows of so many; `what` says what a row is and where all of them are."""
    return replace(block, left_out=max(0, whole - len(block.rows)), what=what)


def fitted(blocks: Sequence[Block], limit: int) -> str:
    """All blocks in at most `limit` bytes of UTF-8: what is least dear goes first, and each block says what it lost.

    A last resort keeps as many blocks from the start as fit, whole.
    """
    made = _joined(blocks)
    if _size(made) <= limit:
        return made
    cut = _joined(_cut(blocks, _size(made) - limit))
    if _size(cut) <= limit:
        return cut
    kept: list[Block] = []
    for block in blocks:
        if _size(_joined([*kept, block, text_block(_TOO_LONG)])) > limit:
            break
        kept.append(block)
    return _joined([*kept, text_block(_TOO_LONG)])


def _cut(blocks: Sequence[Block], excess: int) -> list[Block]:
    """The blocks without so many bytes of their least dear rows, and the words for them paid for."""
    order = sorted(
        ((row.rank, b, r) for b, block in enumerate(blocks) for r, row in enumerate(block.rows) if row.rank),
        reverse=True,
    )
    gone: Counter[int] = Counter()
    for _, b, r in order:
        if excess <= 0:
            break
        if not gone[b]:
            excess += _size(replace(blocks[b], left_out=10**9).text) - _size(blocks[b].text)
        excess -= _size(blocks[b].rows[r].text) + 1
        gone[b] += 1
    return [_without(block, gone[b]) for b, block in enumerate(blocks)]


def _without(block: Block, number: int) -> Block:
    """Rows stand in the order of their rank, so the last are the least dear."""
    return replace(block, rows=block.rows[: len(block.rows) - number], left_out=block.left_out + number)


def _joined(blocks: Iterable[Block]) -> str:
    return "\n\n".join(text for block in blocks if (text := block.text)) + "\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
