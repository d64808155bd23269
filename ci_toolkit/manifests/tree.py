"""YAML text to trees that know where everything stands, from PyYAML's events: nothing is composed or constructed.

Aliases stay aliases, anchors may be given twice, tags mean nothing: what a document is for is not judged here. JSON
is read by the same parser (with libyaml even indented by tabs). Limits hold while events arrive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ci_toolkit.manifests.base import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEEPEST = 256
"""Levels of nesting; the schemas of real CustomResourceDefinitions stay below 100."""
MOST_NODES = 300_000
"""Values, lists and mappings in one file."""
_DOCUMENT = 3
"""What a document costs, counted in values."""
MOST_ALIASES = 2_000
"""Aliases in one document."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KEPT = 256 * 1024
"""Code points of the longest text whose events are kept: they take a hundred times its memory."""
_last: list[tuple[str, list[Any]]] = [("", [])]
"""The text that was read last, and its events: an edit is checked right after its text was read."""


class _Positioned:
    """A span in code points of the text, and the collection it stands in, under which key if that is a mapping."""

    __slots__ = ("end", "key", "parent", "start")

    def __init__(self, event: Any) -> None:
        self.start: int = event.start_mark.index
        """Where its anchor, tag or quote begins."""
        self.end: int = event.end_mark.index
        self.parent: Sequence | Mapping | None = None
        self.key = ""


class Scalar(_Positioned):
    """A value."""

    __slots__ = ("style", "tag", "value")

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.value: str = event.value
        self.style: str = event.style or ""
        """`'`, `"`, `|`, `>`, or nothing for a plain one."""
        self.tag: str | None = event.tag


class Sequence(_Positioned):
    """A list."""

    __slots__ = ("items", "tag")

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.items: list[Node] = []
        self.tag: str | None = event.tag


class Mapping(_Positioned):
    """A mapping: pairs in their order, a key as often as it is written."""

    __slots__ = ("entries", "flow")

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.entries: list[tuple[Node, Node]] = []
        self.flow: bool = bool(event.flow_style)
        """Written in braces."""


class Alias(_Positioned):
    """`*name`, standing for the newest node of that anchor; for None where there is none."""

    __slots__ = ("name", "target")

    def __init__(self, event: Any, target: Scalar | Sequence | Mapping | None) -> None:
        super().__init__(event)
        self.name: str = event.anchor
        self.target = target


Node = Scalar | Sequence | Mapping | Alias


class Document:
    """One document of a text."""

    def __init__(self, index: int) -> None:
        self.index = index
        """From 0, empty documents counted."""
        self.root: Node | None = None
        self.aliases: dict[int, list[Alias]] = {}
        """By the `id` of their target."""


def read_documents(text: str) -> Iterator[Document]:
    """Every document of a text without its byte order mark, one at a time; raises UnreadableError."""
    builder = _Builder()
    events: list[Any] = []
    keep = events.append if len(text) <= _KEPT else _forget
    try:
        for event in yaml.parse(text, Loader=_Loader):
            keep(event)
            done = builder.take(event)
            if done is not None:
                yield done
    except yaml.YAMLError as error:
        raise _unreadable(error, text) from None
    _last[0] = (text, events)


def events_of(text: str) -> Iterable[Any]:
    """PyYAML's events of a text: those of the last `read_documents`, where it read this text to its end."""
    read, events = _last[0]
    return events if events and read == text else yaml.parse(text, Loader=_Loader)


def _forget(event: Any) -> None:
    """Don't keep what would take much memory."""


class _Builder:
    """Builds with a stack of its own: the depth of a document is no matter of Python's stack."""

    def __init__(self) -> None:
        self._document = Document(-1)
        self._stack: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []
        """For each open collection the key that waits for its value."""
        self._anchors: dict[str, Scalar | Sequence | Mapping] = {}
        self._nodes = 0
        self._aliases = 0

    def take(self, event: Any) -> Document | None:
        """Add one event; returns the document when it is whole."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            scalar = Scalar(event)
            if event.anchor is not None:
                self._anchors[event.anchor] = scalar
            self._put(event, scalar)
        elif kind is yaml.MappingStartEvent:
            self._open(event, Mapping(event))
        elif kind is yaml.SequenceStartEvent:
            self._open(event, Sequence(event))
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            self._stack.pop().end = event.end_mark.index
            self._keys.pop()
        elif kind is yaml.AliasEvent:
            alias = Alias(event, self._anchors.get(event.anchor))
            self._remember(event, alias)
            self._put(event, alias)
        elif kind is yaml.DocumentStartEvent:
            self._document = Document(self._document.index + 1)
            self._anchors = {}
            self._aliases = 0
            self._nodes += _DOCUMENT
            if self._nodes > MOST_NODES:
                raise _too_many(event)
        elif kind is yaml.DocumentEndEvent:
            return self._document
        return None

    def _remember(self, event: Any, alias: Alias) -> None:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            raise _refused(event, f"more than {MOST_ALIASES:,} aliases in one document")
        self._document.aliases.setdefault(id(alias.target), []).append(alias)

    def _open(self, event: Any, node: Sequence | Mapping) -> None:
        if len(self._stack) >= DEEPEST:
            raise _refused(event, f"nested more than {DEEPEST} levels deep")
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._put(event, node)
        self._stack.append(node)
        self._keys.append(None)

    def _put(self, event: Any, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _too_many(event)
        if not self._stack:
            self._document.root = node
            return
        above = node.parent = self._stack[-1]
        if isinstance(above, Sequence):
            above.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = node
        else:
            above.entries.append((key, node))
            node.key = key.value if isinstance(key, Scalar) else ""
            self._keys[-1] = None


def _too_many(event: Any) -> UnreadableError:
    return _refused(event, f"more than {MOST_NODES:,} values in one file")


def _refused(event: Any, reason: str) -> UnreadableError:
    return UnreadableError(event.start_mark.line + 1, event.start_mark.column + 1, reason)


def _unreadable(error: yaml.YAMLError, text: str) -> UnreadableError:
    mark: Any = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it can't be read"
    if mark is None:
        return UnreadableError(1, 1, f"not YAML: {problem}")
    around = text.split("\n")[max(mark.line - 1, 0) : mark.line + 1]
    if any("{{" in line for line in around):
        problem = f"a template that isn't YAML before it is rendered ({problem})"
        return UnreadableError(mark.line + 1, mark.column + 1, problem)
    return UnreadableError(mark.line + 1, mark.column + 1, f"not YAML: {problem}")
