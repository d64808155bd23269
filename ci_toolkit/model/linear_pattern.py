"""Regular expressions that take time proportional to the text, whatever pattern a config holds.

Python's own matcher tries one way after the other, which for `(a+)+$` and its like takes longer than anyone waits.
Here all ways are followed at once, character by character (Thompson, "Regular Expression Search Algorithm", CACM
11(6)), in the order in which they would be tried, so that the result is the same. What can't be done so (references
back, looking around) is refused, and the program a pattern becomes is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError
from ci_toolkit.model.linear_syntax import Alternatives, Chain, Edge, Group, One, Repeat, Syntax, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_toolkit.model.linear_syntax import Node

_LONGEST = 200
_MOST_STEPS = 1000
_LONGEST_TEXT = 1000

Saves = tuple[int | None, ...]


@dataclass(slots=True)
class _Step:
    """One instruction. `ways` are the steps that follow without reading a character, the preferred one first."""

    reads: Callable[[str], object] | None = None
    ways: tuple[int, ...] = ()
    save: int | None = None
    edge: str | None = None


class LinearPattern:
    """A compiled pattern; raises UsageError for one that is wrong, too long, or can't be matched in linear time.

    Understood are characters, `.`, `\\d \\w \\s` and their opposites, `[…]`, groups, `(?:…)`, `|`, repetitions (greedy
    and lazy), `^`, `$`, and `(?i)` at the start. Only ASCII digits, letters and blanks are such.
    """

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            message = f"the pattern has more than {_LONGEST} characters"
            raise UsageError(message, hint="shorten it")
        syntax = Syntax(text)
        root = parse(syntax)
        self.groups = syntax.groups
        """How many groups there are, the whole not counted."""
        self._program: list[_Step] = []
        self._emit(Group(0, root))
        self._last = len(self._program)

    def search(self, text: str) -> tuple[str | None, ...] | None:
        """The first match anywhere in the text: the whole, then each group (None: it took no part); None without.

        A text of more than 1,000 characters has no match.
        """
        if len(text) > _LONGEST_TEXT:
            return None
        found: Saves | None = None
        threads: list[tuple[int, Saves]] = []
        seen: set[int] = set()
        for position in range(len(text) + 1):
            if found is None:
                self._follow(threads, seen, 0, position, len(text), (None,) * (2 * self.groups + 2))
            elif not threads:
                break
            following: list[tuple[int, Saves]] = []
            seen = set()
            for place, saves in threads:
                if place == self._last:
                    found = saves
                    break
                reads = self._program[place].reads
                if position < len(text) and reads and reads(text[position]):
                    self._follow(following, seen, place + 1, position + 1, len(text), saves)
            threads = following
        return _texts(text, found) if found else None

    def _follow(
        self, threads: list[tuple[int, Saves]], seen: set[int], place: int, position: int, end: int, saves: Saves
    ) -> None:
        """Add every step that reads a character and can be reached from here, in the order of preference."""
        waiting = [(place, saves)]
        while waiting:
            place, saves = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self._program[place] if place < self._last else None
            if step is None or step.reads:
                threads.append((place, saves))
            elif step.save is not None:
                waiting.append((place + 1, (*saves[: step.save], position, *saves[step.save + 1 :])))
            elif step.edge:
                if position == (0 if step.edge == "^" else end):
                    waiting.append((place + 1, saves))
            else:
                waiting += [(way, saves) for way in reversed(step.ways)]

    def _add(self, step: _Step) -> _Step:
        if len(self._program) >= _MOST_STEPS:
            message = "the pattern repeats too much"
            raise UsageError(message, hint="write + or * in the place of large counts")
        self._program.append(step)
        return step

    def _emit(self, node: Node) -> None:
        match node:
            case One(reads):
                self._add(_Step(reads=reads))
            case Edge(edge):
                self._add(_Step(edge=edge))
            case Group(number, inner):
                self._add(_Step(save=2 * number))
                self._emit(inner)
                self._add(_Step(save=2 * number + 1))
            case Chain(nodes):
                for item in nodes:
                    self._emit(item)
            case Alternatives(nodes):
                self._emit_alternatives(nodes)
            case Repeat():
                self._emit_repeat(node)

    def _emit_alternatives(self, nodes: tuple[Node, ...]) -> None:
        ends: list[_Step] = []
        for item in nodes[:-1]:
            fork = self._add(_Step())
            start = len(self._program)
            self._emit(item)
            ends.append(self._add(_Step()))
            fork.ways = (start, len(self._program))
        self._emit(nodes[-1])
        for end in ends:
            end.ways = (len(self._program),)

    def _emit_repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self._emit(node.inner)
        if node.most is None:
            back = len(self._program)
            fork = self._add(_Step())
            self._emit(node.inner)
            self._add(_Step(ways=(back,)))
            forks = [(fork, back + 1)]
        else:
            forks = []
            for _ in range(node.most - node.least):
                fork = self._add(_Step())
                forks.append((fork, len(self._program)))
                self._emit(node.inner)
        for fork, inner in forks:
            end = len(self._program)
            fork.ways = (inner, end) if node.greedy else (end, inner)


def _texts(text: str, saves: Saves) -> tuple[str | None, ...]:
    pairs = zip(saves[::2], saves[1::2], strict=True)
    return tuple(None if start is None or end is None else text[start:end] for start, end in pairs)
