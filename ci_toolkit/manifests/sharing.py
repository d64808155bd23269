"""Which places an edit would change besides the images: YAML lets any place share a value by an alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.manifests.tree import Alias, Mapping, Sequence
from ci_toolkit.manifests.walk import MERGE, Step, Walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ci_toolkit.manifests.tree import Document, Node

_STORES = ("x-", ".")


def others(document: Document, node: Node, routes: Collection[tuple[Alias, ...]]) -> list[Node]:
    """The places that share this node without being images; `routes`: how the images that share it were reached.

    What stands below a top-level key that starts with `x-` or `.` stands there to be shared, and for nothing else.
    """
    if not document.aliases:
        return []
    taken = {alias for route in routes for alias in route}
    found: list[Node] = []
    if () not in routes and not _is_stored(node):
        found.append(node)
    waiting: list[Node] = [node]
    seen: set[Alias] = set()
    while waiting:
        for alias in carriers(document, waiting.pop()):
            if alias in seen:
                continue
            seen.add(alias)
            waiting.append(alias)
            if alias not in taken and not _is_stored(alias):
                found.append(alias)
    return found


def carriers(document: Document, node: Node) -> Iterator[Alias]:
    """The aliases by which this node stands elsewhere, too: its own, and those of what it stands in."""
    child: Node | None = None
    above: Node | None = node
    while above is not None:
        for alias in document.aliases.get(id(above), ()):
            if _carries(alias, child):
                yield alias
        child, above = above, above.parent


def _carries(alias: Alias, child: Node | None) -> bool:
    """False for a merge (`<<: *alias`) into a mapping that says otherwise what it would get from there.

    `child` stands in the alias's target and holds the shared value.
    """
    listed = isinstance(alias.parent, Sequence)
    holder = alias.parent if listed else alias
    if holder is None or holder.key != MERGE or child is None or child.key == MERGE:
        return True
    mapping = holder.parent
    if not isinstance(mapping, Mapping):
        return True
    return any(alias in value.route for _, value in Walk().values(Step(mapping), (child.key,)))


def _is_stored(node: Node) -> bool:
    while node.parent is not None and node.parent.parent is not None:
        node = node.parent
    return node.key.startswith(_STORES)
