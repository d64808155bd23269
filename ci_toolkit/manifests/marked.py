"""The values of a YAML text by where they stand, so that a comment finds the one before it."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ci_toolkit.manifests.base import UnreadableError
from ci_toolkit.manifests.sharing import carriers
from ci_toolkit.manifests.spans import Lines, Source
from ci_toolkit.manifests.tree import Alias, Mapping, Scalar, read_documents
from ci_toolkit.manifests.walk import Step, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.manifests.tree import Node

_BEHIND = re.compile(r"[ \t,\]}]*(?:#[^\r\n]*)?")


class Leaf(NamedTuple):
    """A value that is no collection, where it is written."""

    source: Source
    node: Scalar | Alias
    scalar: Scalar
    """What the node is, or stands for."""
    route: tuple[Alias, ...]
    path: str

    @property
    def text(self) -> str:
        """What it says."""
        return self.scalar.value.strip()


class Leaves:
    """All values of a text without byte order mark; raises UnreadableError."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._nodes: list[tuple[int, Node, Leaf | None]] = []
        walk = Walk()
        for document in read_documents(text):
            source = Source(text, self._lines, walk, document)
            self._nodes += _leaves(source)
        self._nodes.sort(key=lambda each: each[0])
        self._starts = [start for start, _, _ in self._nodes]

    def is_text(self, index: int) -> bool:
        """True for a character in a value: in quotes, or in the lines of a block."""
        node = self._node(index)
        return node is not None and index < node.end and not self._in_header(node, index)

    def before(self, index: int) -> Leaf | None:
        """The last value of a comment's line, if only brackets and another comment stand between."""
        at = bisect_right(self._starts, index) - 1
        if at < 0:
            return None
        _, node, leaf = self._nodes[at]
        behind = _BEHIND.match(self._text, node.end)
        near = behind is not None and node.end <= index <= behind.end()
        return leaf if near or self._in_header(node, index) else None

    def fault(self, index: int, reason: str) -> UnreadableError:
        """The error about a character."""
        place = self._lines.place(index, 0, "")
        return UnreadableError(place.line, place.column, reason)

    def _node(self, index: int) -> Node | None:
        at = bisect_right(self._starts, index) - 1
        return self._nodes[at][1] if at >= 0 else None

    def _in_header(self, node: Node, index: int) -> bool:
        """True on the first line of a block, behind its `|` or `>`."""
        if not isinstance(node, Scalar) or node.style not in ("|", ">"):
            return False
        return "\n" not in self._text[node.start : index]


def uses(source: Source, scalar: Scalar) -> list[tuple[Alias, ...]]:
    """The aliases that bring a value elsewhere with the collection it stands in, each a route to it.

    Raises UnreadableError where they multiply.
    """
    found: dict[Alias, None] = {}
    waiting: list[Node] = [scalar]
    while waiting:
        for alias in carriers(source.document, waiting.pop()):
            if alias.target is not scalar and alias not in found:
                source.walk.follow(Step(alias))
                found[alias] = None
                waiting.append(alias)
    return [(alias,) for alias in found]


def _leaves(source: Source) -> Iterator[tuple[int, Node, Leaf | None]]:
    """Where each scalar and alias begins; None for keys, and for what stands for no scalar."""
    root = source.document.root
    waiting: list[tuple[Node, str]] = [] if root is None else [(root, "")]
    while waiting:
        node, path = waiting.pop()
        if isinstance(node, Mapping):
            for key, value in node.entries:
                name = key.value if isinstance(key, Scalar) else "?"
                yield key.start, key, None
                waiting.append((value, f"{path}.{name}" if path else name))
        elif isinstance(node, Scalar):
            yield node.start, node, Leaf(source, node, node, (), path)
        elif isinstance(node, Alias):
            target = node.target
            yield node.start, node, Leaf(source, node, target, (node,), path) if isinstance(target, Scalar) else None
        else:
            waiting += [(item, f"{path}[{index}]") for index, item in enumerate(node.items)]
