"""YAML text to a tree with positions, in one pass over PyYAML's events: nothing is composed or constructed.

Limits hold while events arrive, so that no document costs more than its limits whatever its aliases promise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ci_toolkit.config.characters import unprintable
from ci_toolkit.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from ci_toolkit.config.violations import Position, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_toolkit.config.violations import Path, Violations

DEEPEST = 32
HEAVIEST = 10_000
_CHARACTERS_PER_NODE = 128
_TAGS: dict[type[Node], tuple[str, ...]] = {
    Scalar: ("!", "tag:yaml.org,2002:str"),
    Sequence: ("tag:yaml.org,2002:seq",),
    Mapping: ("tag:yaml.org,2002:map",),
}
_TOO_HEAVY = f"more than {HEAVIEST:,} keys and values, with the aliases expanded"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Fatal(Exception):  # noqa: N818 never leaves this module
    """Nothing behind this place can be read."""

    def __init__(self, position: Position, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message


class _Open:
    """A collection whose end hasn't come yet."""

    def __init__(self, node: Sequence | Mapping, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: str | None = None
        """The key that waits for its value."""
        self.key_position = node.position
        self.key_is_merge = False
        self.merged: list[tuple[Position, Node]] = []


def parse(text: str, violations: Violations) -> Node | None:
    """The document's tree; None where there is none or it can't be read to its end, with the violation noted."""
    tree = _Tree(violations)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            tree.take(event)
    except _Fatal as fatal:
        violations.add(fatal.position, (), fatal.message)
        return None
    except yaml.YAMLError as error:
        violations.add(*_syntax_error(error, text))
        return None
    if tree.root is None or (isinstance(tree.root, Scalar) and not tree.root.text):
        violations.add(Position(1, 1), (), "the file is empty: `ci-toolkit init` writes a first config")
        return None
    return tree.root


class _Tree:
    """Builds the tree with a stack of its own: the depth of a document is no matter of Python's stack."""

    def __init__(self, violations: Violations) -> None:
        self.root: Node | None = None
        self._violations = violations
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        """None while the anchored collection is open."""
        self._weight = 0
        self._documents = 0
        self._take: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.DocumentStartEvent: self._document,
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceEndEvent: lambda _: self._end(),
            yaml.MappingEndEvent: lambda _: self._end(),
            yaml.AliasEvent: self._alias,
        }

    def take(self, event: yaml.Event) -> None:
        """Add one event."""
        if handler := self._take.get(type(event)):
            handler(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _Fatal(_position(event), "a second document starts here: a config is one document")

    def _scalar(self, event: Any) -> None:
        position, text = _position(event), event.value
        _check_tag(event, Scalar)
        if bad := unprintable(text):
            self._violations.add(position, self._path(), f"the text holds the control character {bad[1]}")
            text = "".join(character for character in text if unprintable(character) is None)
        plain = not event.style and event.tag is None
        node = Scalar(position, text, plain=plain, weight=1 + len(text) // _CHARACTERS_PER_NODE)
        self._count(node.weight, position)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._put(node, position)

    def _start(self, event: Any) -> None:
        position = _position(event)
        kind = Mapping if isinstance(event, yaml.MappingStartEvent) else Sequence
        _check_tag(event, kind)
        if len(self._stack) >= DEEPEST:
            raise _Fatal(position, f"nested more than {DEEPEST} levels deep")
        self._count(1, position)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(kind(position), event.anchor))

    def _end(self) -> None:
        done = self._stack.pop()
        if isinstance(done.node, Mapping):
            self._merge(done, done.node)
        if done.anchor:
            self._anchors[done.anchor] = done.node
        self._put(done.node, done.node.position)

    def _alias(self, event: Any) -> None:
        position, name = _position(event), quoted("*" + event.anchor)
        if event.anchor not in self._anchors:
            raise _Fatal(position, f"the alias {name} has no anchor before it")
        node = self._anchors[event.anchor]
        if node is None:
            raise _Fatal(position, f"the alias {name} stands inside of what it refers to")
        if len(self._stack) + node.height > DEEPEST:
            raise _Fatal(position, f"nested more than {DEEPEST} levels deep, with its aliases expanded")
        self._put(node, position)

    def _put(self, node: Node, position: Position) -> None:
        if not self._stack:
            self.root = node
            return
        above = self._stack[-1]
        if isinstance(above.node, Sequence):
            above.node.items.append(node)
            _grow(above.node, node, position)
        elif above.key is None:
            self._put_key(above, node, position)
        else:
            self._put_value(above, above.node, node, position)

    def _put_key(self, above: _Open, node: Node, position: Position) -> None:
        if not isinstance(node, Scalar):
            raise _Fatal(position, "a key must be plain text, not a list or a mapping")
        above.key, above.key_position = node.text, position
        above.key_is_merge = node.plain and node.text == "<<"
        if not node.text:
            self._violations.add(position, self._path()[:-1], "a key is empty")
        elif "${" in node.text:
            self._violations.add(position, self._path(), "variables are replaced in values only, never in keys")

    def _put_value(self, above: _Open, mapping: Mapping, node: Node, position: Position) -> None:
        key = above.key or ""
        first = mapping.entries.get(key)
        if above.key_is_merge and not above.merged:
            above.merged.append((position, node))
        elif first or above.key_is_merge:
            line = first.key.line if first else above.merged[0][0].line
            message = f"the key {quoted(key)} is given a second time, first in line {line}"
            self._violations.add(above.key_position, self._path(), message)
        else:
            mapping.entries[key] = Entry(above.key_position, node)
            _grow(mapping, node, position)
        above.key = None

    def _merge(self, done: _Open, mapping: Mapping) -> None:
        """`<<` (YAML 1.1 merge keys): what the mapping says itself goes first, then the sources in their order."""
        for position, node in done.merged:
            for source in node.items if isinstance(node, Sequence) else [node]:
                if not isinstance(source, Mapping):
                    message = "<< wants a mapping or a list of mappings, mostly an *alias"
                    self._violations.add(position, self._path(), message)
                    continue
                # Counted by what is looked at: a bomb of merges yields few keys after much looking.
                self._count(1 + len(source.entries), position)
                for key, entry in source.entries.items():
                    if key not in mapping.entries:
                        mapping.entries[key] = entry
                        _grow(mapping, entry.value, position)

    def _count(self, weight: int, position: Position) -> None:
        self._weight += weight
        if self._weight > HEAVIEST:
            raise _Fatal(position, _TOO_HEAVY)

    def _path(self) -> Path:
        parts: list[str | int] = []
        for above in self._stack:
            if isinstance(above.node, Sequence):
                parts.append(len(above.node.items))
            elif above.key is not None:
                parts.append(above.key)
        return tuple(parts)


def _grow(above: Sequence | Mapping, node: Node, position: Position) -> None:
    above.weight += node.weight
    above.height = max(above.height, node.height + 1)
    if above.weight > HEAVIEST:
        raise _Fatal(position, _TOO_HEAVY)


def _check_tag(event: Any, kind: type[Node]) -> None:
    if event.tag is not None and event.tag not in _TAGS[kind]:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        message = f"the YAML tag {quoted(tag)} is not supported: write plain text, lists and mappings"
        raise _Fatal(_position(event), message)


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _syntax_error(error: yaml.YAMLError, text: str) -> tuple[Position, Path, str]:
    mark: Any = getattr(error, "problem_mark", None)
    position = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it can't be read"
    lines = text.splitlines()
    if position.line <= len(lines) and lines[position.line - 1][position.column - 1 :].startswith("\t"):
        return position, (), "a tab can't indent YAML: use blanks"
    if position.line <= len(lines) and "${" in lines[position.line - 1]:
        return position, (), f"not YAML: {problem} (between brackets, ${{VAR}} needs quotes around it)"
    return position, (), f"not YAML: {problem}"
