"""The images of one text that were found in several ways, as one list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.manifests.spans import in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.manifests.base import ImageSpan


def together(first: Sequence[ImageSpan], others: Sequence[ImageSpan]) -> list[ImageSpan]:
    """Both in the text's order; where both found one place, it is told as `first` does.

    A place that one of them took for something else than an image, and the other for one, is an image.
    """
    by_start: dict[int, list[ImageSpan]] = {}
    for span in first:
        for start in _starts(span):
            by_start.setdefault(start, []).append(span)
    new = [s for s in others if not any(_is_one(s, mine) for start in _starts(s) for mine in by_start.get(start, ()))]
    spans = [*first, *new]
    lines = {(start, span.place.line) for span in spans for start in _starts(span)}
    return in_order([_unshared(span, lines) for span in spans])


def _starts(span: ImageSpan) -> set[int]:
    """Where the characters stand that it writes."""
    return {part.start for part in span.parts if part.holds != "comment"}


def _is_one(span: ImageSpan, other: ImageSpan) -> bool:
    """One place, rather than two that share a value: what is in parts has no place of its own to go by."""
    in_parts = any(each.parts[0].holds != "reference" for each in (span, other))
    return in_parts or (span.place.line, span.place.column) == (other.place.line, other.place.column)


def _unshared(span: ImageSpan, lines: set[tuple[int, int]]) -> ImageSpan:
    if not span.shared:
        return span
    left = tuple(at for at in span.shared if not any((start, at.line) in lines for start in _starts(span)))
    return replace(span, shared=left)
