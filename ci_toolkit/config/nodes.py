"""A YAML document as a tree that knows where everything stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ci_toolkit.config.violations import Path, Position


@dataclass(slots=True, kw_only=True)
class Scalar:
    """One value as it is written; `plain` without quotes."""

    position: Position
    text: str
    plain: bool
    weight: int = 1
    height: int = 0


@dataclass(slots=True, kw_only=True)
class Sequence:
    """A list."""

    position: Position
    items: list[Node] = field(default_factory=list)
    weight: int = 1
    """Nodes in the whole tree below, aliases expanded; long scalars weigh more."""
    height: int = 0
    """Levels below, aliases expanded."""


class Entry(NamedTuple):
    """A key's place and its value."""

    key: Position
    value: Node


@dataclass(slots=True, kw_only=True)
class Mapping:
    """A mapping; keys are always text."""

    position: Position
    entries: dict[str, Entry] = field(default_factory=dict)
    weight: int = 1
    height: int = 0


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
    if node is None or (isinstance(node, Scalar) and not node.text):
        return key_position(root, path)
    return node.position


def value_position(root: Node, path: Path) -> Position:
    """Where the value at this path stands; where it is missing, the nearest place above it."""
    for length in range(len(path), 0, -1):
        if (node := node_at(root, path[:length])) is not None:
            return node.position
    return root.position


def key_position(root: Node, path: Path) -> Position:
    """Where the key stands that leads to this path; an item of a list has its own place."""
    if not path:
        return root.position
    above, key = node_at(root, path[:-1]), path[-1]
    if isinstance(above, Mapping) and isinstance(key, str) and key in above.entries:
        return above.entries[key].key
    return value_position(root, path)
