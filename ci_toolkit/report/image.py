"""An image at a glance: platforms with sizes, attestations, what is attached, annotations (rich)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.image_view import ImageView

_Row = tuple[str, ...]
_WIDE = 130
"""Columns below which whole digests would leave no room for the rest."""


def print_image(view: ImageView, stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print it; `width` None takes the terminal's. Whatever comes from the image is made harmless."""
    console = Console(file=stream, no_color=not color, highlight=False, width=width, soft_wrap=width is not None)
    with console.capture() as captured:
        console.print(Text(plain(view.reference), style="bold"))
        console.print(f"  digest  {view.root.digest}")
        console.print(Text(f"  type    {plain(view.artifact_type or view.root.media_type)}"))
        for title, heads, rows in _sections(view, _short if console.width < _WIDE else str):
            console.print()
            console.print(Text(title, style="bold"))
            console.print(_table(heads, rows))
    stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _sections(view: ImageView, told: Callable[[Digest], str]) -> Iterator[tuple[str, _Row, list[_Row]]]:
    """Title, headings and rows of what there is."""
    if view.platforms:
        heads = ("platform", "digest", "size", "layers", "created")
        yield (
            "platforms",
            heads,
            [
                (p.platform or "none stated", told(p.digest), _size(p.size), str(p.layers), p.created)
                for p in view.platforms
            ],
        )
    if view.attestations:
        yield (
            "attestations",
            ("of", "digest", "what"),
            [(a.platform or "unknown", told(a.digest), ", ".join(a.kinds)) for a in view.attestations],
        )
    if view.others:
        yield (
            "other children",
            ("type", "digest", "size"),
            [(o.media_type, told(o.digest), _size(o.size)) for o in view.others],
        )
    if view.attached:
        yield (
            "attached",
            ("to", "digest", "what"),
            [(view.name_of(a.subject), told(a.descriptor.digest), a.kind) for a in view.attached],
        )
    if view.annotations:
        yield "annotations", ("name", "value"), sorted(view.annotations.items())


def _table(heads: _Row, rows: Sequence[_Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for head in ("", *heads):
        right = head in ("size", "layers")
        table.add_column(head, justify="right" if right else "left", no_wrap=head != "value", overflow="fold")
    for row in rows:
        table.add_row("", *(Text(plain(cell)) for cell in row))
    return table


def _short(digest: Digest) -> str:
    return digest.short


def _size(amount: int) -> str:
    return f"{amount / 1e6:.1f} MB" if amount >= 100_000 else f"{amount / 1e3:.1f} kB"
