"""What a run changed in manifests, as a diff a file."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ci_toolkit.report.markdown_blocks import Block, Rank, Row, text_block
from ci_toolkit.report.plain import code, link, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.report.run_report import RunReport
    from ci_toolkit.state import PinEdit

_MOST_FILES = 100


def pins(report: RunReport) -> Iterator[Block]:
    """A fenced diff for each changed file, what held the digest already is only counted; and the commit of it."""
    if report.pins:
        yield from _manifests(report)
    for commit in report.commits:
        where = f"{code(commit.branch)} of {link(code(commit.repository), commit.repository)}"
        request = commit.request
        asked = f", and {link(f'request {request.number}', request.url)} asks to merge it" if request else ""
        yield text_block(f"Committed as {code(commit.revision[:12])} on {where}{asked}")


def _manifests(report: RunReport) -> Iterator[Block]:
    changed = sorted((p for p in report.pins if p.old != p.new), key=lambda p: (*_file(p), p.document, p.line))
    kept = len(report.pins) - len(changed)
    words = [f"{len(changed)} {'place' if len(changed) == 1 else 'places'} changed"] if changed else []
    words += [f"{kept} {'holds' if kept == 1 else 'hold'} the digest already"] if kept else []
    yield text_block(f"### Manifests: {', '.join(words)}")
    files = [(place, list(edits)) for place, edits in groupby(changed, key=_file)]
    for (repository, name), edits in files[:_MOST_FILES]:
        where = f"{code(name)} of {code(repository)}" if repository else code(report.from_top(name))
        yield _diff(where, edits)
    if len(files) > _MOST_FILES:
        yield text_block(f"_… {len(files) - _MOST_FILES} more files; all are in the state, under `pins`_")


def _file(pin: PinEdit) -> tuple[str, str]:
    return pin.repository or "", pin.file


def _diff(where: str, edits: list[PinEdit]) -> Block:
    hunks = [Row(f"@@ line {edit.line} @@\n-{_value(edit.old)}\n+{_value(edit.new)}", Rank.MANIFEST) for edit in edits]
    return Block(
        head=f"{where}\n\n```diff",
        rows=tuple(hunks),
        foot="```",
        what="places of this file; all are in the state, under `pins`",
    )


def _value(text: str) -> str:
    return f" {plain(text, 600)}"
