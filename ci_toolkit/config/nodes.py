"""A YAML document as a tree that knows where everything stands.

Plain classes, as all of the loader's own: making a dataclass takes a millisecond of every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ci_toolkit.config.violations import Path, Position


class Scalar:
    """One value as it is written; `plain` without quotes."""

    height = 0

    def __init__(self, position: Position, text: str, *, plain: bool, weight: int) -> None:
        self.position = position
        self.text = text
        self.plain = plain
        self.weight = weight


class Sequence:
    """A list."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self.items: list[Node] = []
        self.weight = 1
        """Nodes in the whole tree below, aliases expanded; long scalars weigh more."""
        self.height = 0
        """Levels below, aliases expanded."""


class Entry(NamedTuple):
    """A key's place and its value."""

    key: Position
    value: Node


class Mapping:
    """A mapping; keys are always text."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self.entries: dict[str, Entry] = {}
        self.weight = 1
        self.height = 0


Node = Scalar | Sequence | Mapping


def node_at(root: Node, path: Path) -> Node | None:
    """What lies at this path, or None."""
    node: Node = root
    for part in path:
        if isinstance(node, Mapping) and isinstance(part, str) and part in node.entries:
            node = node.entries[part].value
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            return None
    return node


def place(root: Node, path: Path) -> Position:
    """Where to point at when this value is wrong: the value; the key above it, where the value is missing or empty."""
    node = node_at(root, path)
    if node is None or (isinstance(node, Scalar) and node.plain and not node.text):
        return key_position(root, path)
    return node.position


def key_position(root: Node, path: Path) -> Position:
    """Where the key stands that leads to this path; an item of a list has its own place; else the nearest above."""
    for length in range(len(path), 0, -1):
        above, part = node_at(root, path[: length - 1]), path[length - 1]
        if isinstance(above, Mapping) and isinstance(part, str) and part in above.entries:
            return above.entries[part].key
        if isinstance(above, Sequence) and isinstance(part, int) and part < len(above.items):
            return above.items[part].position
    return root.position
