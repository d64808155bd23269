"""YAML and JSON as a tree with positions, built from the parser's events: nothing is constructed or re-emitted.

Events, not PyYAML's composer: the composer refuses duplicate anchors, loses where aliases stand, and crashes on deep
nesting. Marks count code points; a byte order mark is taken off first and put back last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from ci_toolkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 500
_BOM = "\ufeff"
LARGEST = 16 * 1024 * 1024
"""Bytes of the largest file that is read as a manifest."""


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A scalar: its value as text (never as a number or a boolean), its place, its number in the event stream."""

    value: str
    start: int
    end: int
    line: int
    column: int
    style: str | None
    event: int


@dataclass(frozen=True, slots=True, eq=False)
class Alias:
    """A use of an anchored node."""

    target: Node
    line: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A sequence's items in order."""

    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """A mapping's pairs in order, duplicate keys and all."""

    pairs: list[tuple[Node, Node]] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value of a key; else what a merge key (`<<`) brings."""
        merged: Node | None = None
        for name, value in self.pairs:
            if isinstance(name, Scalar) and name.value == key:
                return value
            if isinstance(name, Scalar) and name.value == "<<" and merged is None:
                merged = _merged(value, key)
        return merged


Node = Scalar | Alias | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream: its number, from 0, and its root; empty documents have none."""

    number: int
    root: Node | None


def decode(data: bytes, name: str) -> tuple[str, bool]:
    """The text of a manifest and whether it began with a byte order mark; raises ConfigError for other encodings."""
    if len(data) > LARGEST:
        message = f"{name}: more than {LARGEST} bytes is no manifest"
        raise ConfigError(message)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{name}: not UTF-8 at byte {error.start}"
        raise ConfigError(message, hint="save the file as UTF-8, or take it out of `pin.files`") from None
    return text.removeprefix(_BOM), text.startswith(_BOM)


def encode(text: str, *, bom: bool) -> bytes:
    """The bytes of a text that `decode` gave."""
    return (_BOM + text if bom else text).encode()


def documents(text: str, name: str) -> list[Document]:
    """Every document of the text; raises ConfigError, with the place, for what the parser doesn't accept."""
    return _Builder(name).build(text)


def events(text: str, name: str) -> Iterator[yaml.Event]:
    """The parser's events; raises ConfigError, with the place, where it stops."""
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        message = f"{place}: doesn't parse: {error.problem or error.context}"
        raise ConfigError(message, hint=_UNREADABLE) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = f"{name}: doesn't parse: {str(error).splitlines()[0][:200]}"
        raise ConfigError(message, hint=_UNREADABLE) from None


_UNREADABLE = "mend the file, or take it out of `pin.files`; a template is pinned in its values, not here"


class _Builder:
    def __init__(self, name: str) -> None:
        self._name = name
        self._anchors: dict[str, Node] = {}
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []
        self._documents: list[Document] = []
        self._root: Node | None = None

    def build(self, text: str) -> list[Document]:
        for number, event in enumerate(events(text, self._name)):
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors, self._root = {}, None
            elif isinstance(event, yaml.DocumentEndEvent):
                self._documents.append(Document(len(self._documents), self._root))
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._keys.pop()
            elif isinstance(event, yaml.NodeEvent):
                self._place(event, number)
        return self._documents

    def _place(self, event: yaml.NodeEvent, number: int) -> None:
        line, column, index = _position(event.start_mark)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            end = _position(event.end_mark)[2]
            node = Scalar(event.value, index, end, line, column, event.style, number)
        elif isinstance(event, yaml.AliasEvent):
            node = Alias(self._anchored(str(event.anchor), line, column), line, column)
        else:
            node = Sequence() if isinstance(event, yaml.SequenceStartEvent) else Mapping()
        self._attach(node)
        if event.anchor and not isinstance(node, Alias):
            self._anchors[event.anchor] = node
        if isinstance(node, Sequence | Mapping):
            self._open.append(node)
            self._keys.append(None)
            if len(self._open) > _DEEPEST:
                message = f"{self._name}:{line}:{column}: nested more than {_DEEPEST} deep"
                raise ConfigError(message, hint=_UNREADABLE)

    def _anchored(self, anchor: str, line: int, column: int) -> Node:
        target = self._anchors.get(anchor)
        if target is None:
            message = f"{self._name}:{line}:{column}: unknown anchor *{anchor}"
            raise ConfigError(message, hint=_UNREADABLE)
        return target

    def _attach(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif self._keys[-1] is None:
            self._keys[-1] = node
        else:
            parent.pairs.append((self._keys[-1], node))
            self._keys[-1] = None


def _position(mark: Any) -> tuple[int, int, int]:
    return mark.line + 1, mark.column + 1, mark.index


def target_of(node: Node | None) -> Scalar | Sequence | Mapping | None:
    """The node itself, or what an alias stands for."""
    while isinstance(node, Alias):
        node = node.target
    return node


def _merged(value: Node, key: str) -> Node | None:
    """What merge sources bring for a key: the first wins, each is looked into once, their own merges too."""
    sources, visited = [value], set[int]()
    while sources:
        source = target_of(sources.pop(0))
        if source is None or id(source) in visited:
            continue
        visited.add(id(source))
        if isinstance(source, Sequence):
            sources = [*source.items, *sources]
        elif isinstance(source, Mapping):
            for name, found in source.pairs:
                if isinstance(name, Scalar) and name.value == key:
                    return found
            sources = [
                found for name, found in source.pairs if isinstance(name, Scalar) and name.value == "<<"
            ] + sources
    return None
