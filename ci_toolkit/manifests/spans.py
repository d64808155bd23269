"""From the images found in a YAML document to spans of its text: what every format that is YAML shares."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from ci_toolkit.manifests.base import ImageSpan, Place
from ci_toolkit.manifests.scalars import locate
from ci_toolkit.manifests.sharing import others

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.manifests.tree import Document, Node, Scalar
    from ci_toolkit.manifests.walk import Found


class Lines:
    """Lines as editors and grep count them: libyaml ends some at characters where they don't."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: list[int] | None = None

    def place(self, index: int, document: int, path: str) -> Place:
        """The place of a character."""
        if self._ends is None:
            self._ends = [end.start() for end in re.finditer("\n", self._text)]
        line = bisect_left(self._ends, index)
        start = self._ends[line - 1] + 1 if line else 0
        return Place(line + 1, index - start + 1, document, path)


def spans(text: str, lines: Lines, document: Document, images: Sequence[Found]) -> list[ImageSpan]:
    """One span for each image, in the text's order; a scalar that several images share is looked at once."""
    by_scalar: dict[Scalar, list[Found]] = {}
    for image in images:
        by_scalar.setdefault(image.scalar, []).append(image)
    found = [span for scalar, users in by_scalar.items() for span in _of_one(text, lines, document, scalar, users)]
    return sorted(found, key=lambda span: (span.place.line, span.place.column))


def _of_one(
    text: str, lines: Lines, document: Document, scalar: Scalar, users: Sequence[Found]
) -> Iterator[ImageSpan]:
    located = locate(text, scalar)
    if located is None:
        return
    shared = tuple(
        lines.place(node.start, document.index, _path(node))
        for node in others(document, scalar, [user.route for user in users])
    )
    for user in users:
        used_at = user.route[-1].start if user.route else located.start
        yield ImageSpan(
            start=located.start,
            end=located.end,
            value=located.value,
            place=lines.place(used_at, document.index, user.path),
            skipped=located.skipped,
            shared=shared,
        )


def _path(node: Node) -> str:
    """The keys above a node that no walk came to."""
    parts: list[str] = []
    above: Node | None = node
    while above is not None:
        if above.key:
            parts.append(above.key)
        above = above.parent
    return ".".join(reversed(parts))
