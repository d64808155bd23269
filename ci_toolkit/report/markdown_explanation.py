"""What to do about the findings that block: the largest lever first, then entries to paste where none helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.markdown_blocks import Block, Rank, Row, excerpt, folded
from ci_toolkit.report.plain import prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.model.explanation import Act, Explanation

_ACTS = 6
_ENTRIES = 10


def what_to_do(explanation: Explanation) -> Iterator[Block]:
    """A short list; nothing where nothing blocks."""
    acts, blocking = explanation.acts, len(explanation.grounds)
    if not acts:
        return
    rows = [Row(_line(act, blocking), Rank.MANIFEST) for act in acts[:_ACTS]]
    yield excerpt(Block(head="**What to do**\n", rows=tuple(rows)), len(acts), "to do")
    stuck = [finding for act in acts if act.kind == "none" for finding in act.findings]
    chosen = stuck or [ground.finding for ground in explanation.grounds]
    # A package that is in two places has one entry for both.
    entries = list(dict.fromkeys(map(explanation.entry, chosen)))[:_ENTRIES]
    # No backtick stands outside of double quotes in an entry, so that YAML reads its escape.
    text = "".join(entries).replace("`", "\\u0060")
    if text:
        title = "Triage entries, to paste under <code>scan.ignore</code> where nothing else helps"
        block = Block(rows=(Row(f"```yaml\n{text}```", Rank.TRIAGE),), what="list of triage entries to paste")
        yield folded(title, block)


def _line(act: Act, blocking: int) -> str:
    gain = act.takes_away(blocking)
    return f"- {prose(act.text[:1].upper() + act.text[1:])}" + (f" ({gain})" if gain else "")
