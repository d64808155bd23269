"""The syntax of the regular expressions that a `LinearPattern` understands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_CLASS = r"\\[dDwWsS]|\\[^a-zA-Z0-9]"
_ONE = re.compile(rf"{_CLASS}|\[\^?(?:{_CLASS}|[^\\\[\]])+\]|[^\\\[\]()|*+?{{}}^$]", re.DOTALL)
_REPEAT = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>[0-9]{1,3})(?P<range>,(?P<most>[0-9]{1,3})?)?\})(?P<lazy>\??)")
_SIGNS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class One:
    """One character that `reads` says yes to."""

    reads: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Edge:
    """`^` or `$`: the start or the end of the text."""

    edge: str


@dataclass(frozen=True, slots=True)
class Group:
    """What a pair of parentheses takes, by number."""

    number: int
    inner: Node


@dataclass(frozen=True, slots=True)
class Chain:
    """One after the other."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of them, the first that fits."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `least` to `most` times, None for any number."""

    inner: Node
    least: int
    most: int | None
    greedy: bool


Node = One | Edge | Group | Chain | Alternatives | Repeat


class Syntax:
    """A pattern's text, and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.groups = 0
        self.flags = re.ASCII | re.DOTALL

    def takes(self, text: str) -> bool:
        """Read this text if it is what comes next."""
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def refuse(self, fault: str, hint: str = "") -> NoReturn:
        """Raise UsageError with the place."""
        message = f"the pattern {self.text!r} can't be used: {fault} (at character {self.at + 1})"
        raise UsageError(message, hint=hint or "plain regular expressions are understood: backend-v(.+)$")


def parse(syntax: Syntax) -> Node:
    """The whole pattern as a tree; raises UsageError."""
    if syntax.takes("(?i)"):
        syntax.flags |= re.IGNORECASE
    node = _alternatives(syntax, 0)
    if syntax.at < len(syntax.text):
        syntax.refuse("a ) without its (")
    return node


def _alternatives(syntax: Syntax, depth: int) -> Node:
    if depth > _DEEPEST:
        syntax.refuse("too many groups in one another")
    nodes = [_chain(syntax, depth)]
    while syntax.takes("|"):
        nodes.append(_chain(syntax, depth))
    return nodes[0] if len(nodes) == 1 else Alternatives(tuple(nodes))


def _chain(syntax: Syntax, depth: int) -> Node:
    nodes: list[Node] = []
    while syntax.at < len(syntax.text) and syntax.text[syntax.at] not in "|)":
        nodes.append(_repeated(syntax, _atom(syntax, depth)))
    return Chain(tuple(nodes))


def _atom(syntax: Syntax, depth: int) -> Node:
    for edge in "^$":
        if syntax.takes(edge):
            return Edge(edge)
    if syntax.takes("("):
        return _group(syntax, depth)
    match = _ONE.match(syntax.text, syntax.at)
    if match is None:
        syntax.refuse(f"{syntax.text[syntax.at : syntax.at + 2]!r} isn't understood here")
    try:
        reads = re.compile(match[0], syntax.flags).match
    except re.error as error:
        syntax.refuse(str(error))
    syntax.at = match.end()
    return One(reads)


def _group(syntax: Syntax, depth: int) -> Node:
    number = None
    if not syntax.takes("?:"):
        if syntax.text.startswith("?", syntax.at):
            syntax.refuse("of groups with (? only (?:…) is understood, and (?i) at the start")
        syntax.groups += 1
        number = syntax.groups
    inner = _alternatives(syntax, depth + 1)
    if not syntax.takes(")"):
        syntax.refuse("a ( without its )")
    return inner if number is None else Group(number, inner)


def _repeated(syntax: Syntax, node: Node) -> Node:
    match = _REPEAT.match(syntax.text, syntax.at)
    if match is None:
        return node
    least, most = _bounds(match)
    if most is not None and most < least:
        syntax.refuse("it repeats from more to fewer times")
    if (most is None or most > 1) and _may_be_empty(node):
        syntax.refuse("what may be empty is repeated", "repeat something that takes a character each time")
    syntax.at = match.end()
    if _REPEAT.match(syntax.text, syntax.at):
        syntax.refuse("a repetition is repeated", "put the inner one into (?:…)")
    return Repeat(node, least, most, greedy=not match["lazy"])


def _bounds(match: re.Match[str]) -> tuple[int, int | None]:
    if match["sign"]:
        return _SIGNS[match["sign"]]
    least = int(match["least"])
    if not match["range"]:
        return least, least
    return least, int(match["most"]) if match["most"] else None


def _may_be_empty(node: Node) -> bool:
    match node:
        case One():
            return False
        case Edge():
            return True
        case Group(_, inner):
            return _may_be_empty(inner)
        case Chain(nodes):
            return all(_may_be_empty(item) for item in nodes)
        case Alternatives(nodes):
            return any(_may_be_empty(item) for item in nodes)
        case Repeat(inner, least):
            return least == 0 or _may_be_empty(inner)
