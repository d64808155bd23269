"""Where a document names images, told by its shape: the keys on the way, and nothing else that is called `image`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ci_toolkit.manifests.base import UnreadableError
from ci_toolkit.manifests.tree import Alias, Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ci_toolkit.manifests.tree import Node

IMAGE = "image"
"""The shape of a value that names an image, or several."""
EACH: Any = object()
"""In a shape, every key of a mapping that it doesn't name."""
Shape = Any
"""`IMAGE`; `{key: shape}`, `{EACH: shape}`; `[shape]` for every item of a list; a tuple of shapes, any of which it may
have. It may contain itself.
"""
MERGE = "<<"
"""The key whose mappings fill in what a mapping doesn't say itself (yaml.org/type/merge.html)."""
_LIST_TAGS = (None, "!", "tag:yaml.org,2002:seq")
_LONGEST_ROUTE = 32
_MOST_STEPS = 100_000


class Step(NamedTuple):
    """A node, and how it was reached: the aliases on the way from the document's root, and the keys."""

    node: Node
    route: tuple[Alias, ...] = ()
    path: str = ""


class Found(NamedTuple):
    """An image: the scalar that says which one, and how the walk came there; the last alias is where it is used."""

    scalar: Scalar
    route: tuple[Alias, ...]
    path: str


class Walk:
    """Walks through one file; the steps behind aliases are limited, since aliases multiply."""

    def __init__(self) -> None:
        self._steps = 0

    def images(self, start: Step, shape: Shape) -> Iterator[Found]:
        """Every scalar below `start` that the shape calls an image."""
        for node, route, path in self.reach(start, shape):
            if isinstance(node, Scalar):
                yield Found(node, route, path)

    def reach(self, start: Step, shape: Shape) -> Iterator[Step]:
        """Whatever stands where the shape calls for an image, and lists that a tag makes something else.

        Scalar or not, its aliases followed.
        """
        waiting: list[tuple[Step, Shape]] = [(start, shape)]
        while waiting:
            step, wanted = waiting.pop()
            resolved = self.follow(step)
            if resolved is None:
                continue
            node = resolved.node
            if wanted == IMAGE or (isinstance(node, Sequence) and node.tag not in _LIST_TAGS):
                yield resolved
            elif isinstance(wanted, tuple):
                waiting += [(resolved, each) for each in wanted]
            elif isinstance(wanted, list) and isinstance(node, Sequence):
                waiting += [(item, wanted[0]) for item in reversed(self.items(resolved))]
            elif isinstance(wanted, dict) and isinstance(node, Mapping):
                found = self.values(resolved, None if EACH in wanted else wanted)
                waiting += [(value, wanted.get(key, wanted.get(EACH))) for key, value in reversed(found)]

    def follow(self, step: Step) -> Step | None:
        """The same step with an alias replaced by what it stands for; None for one without anchor, or in a circle."""
        node = step.node
        self._steps += isinstance(node, Alias) or bool(step.route)
        if self._steps > _MOST_STEPS or len(step.route) > _LONGEST_ROUTE:
            raise UnreadableError(1, 1, "its aliases lead to more places than anyone could mean")
        if not isinstance(node, Alias):
            return step
        if node.target is None or node in step.route:
            return None
        return Step(node.target, (*step.route, node), step.path)

    def values(self, step: Step, keys: Collection[str] | None = None) -> list[tuple[str, Step]]:
        """The values of these keys of a mapping, or of all; what it doesn't say itself, its merge keys (`<<`) may."""
        node, route, path = step
        if not isinstance(node, Mapping):
            return []
        found: list[tuple[str, Step]] = []
        merges: list[Node] = []
        for key, value in node.entries:
            if not isinstance(key, Scalar):
                continue
            if key.value == MERGE:
                merges += value.items if isinstance(value, Sequence) else [value]
            elif keys is None or key.value in keys:
                found.append((key.value, Step(value, route, f"{path}.{key.value}" if path else key.value)))
        for merge in merges:
            source = self.follow(Step(merge, route, path))
            said = {key for key, _ in found}
            if source is not None and (keys is None or not said.issuperset(keys)):
                found += [each for each in self.values(source, keys) if each[0] not in said]
        return found

    def items(self, step: Step) -> list[Step]:
        """The items of a list."""
        node, route, path = step
        items = node.items if isinstance(node, Sequence) else ()
        return [Step(item, route, f"{path}[{index}]") for index, item in enumerate(items)]

    def text(self, step: Step, key: str) -> str:
        """The text of a key, or nothing."""
        for _, value in self.values(step, (key,)):
            resolved = self.follow(value)
            if resolved is not None and isinstance(resolved.node, Scalar):
                return resolved.node.value
        return ""
