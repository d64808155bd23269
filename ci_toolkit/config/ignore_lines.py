"""Where in the config's file the entries of `scan.ignore` stand, for remarks beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.config import source
from ci_toolkit.config.nodes import Mapping as MappingNode
from ci_toolkit.config.nodes import Scalar, Sequence, node_at
from ci_toolkit.config.parse import parse
from ci_toolkit.config.violations import Violations
from ci_toolkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ci_toolkit.config.nodes import Node
    from ci_toolkit.model.policy import Ignore


def ignore_lines(file: Path, entries: Iterable[Ignore]) -> dict[Ignore, int]:
    """The line, from 1, of each of these entries that stands in the file as it is.

    Without those written with variables, and those of a policy that came from elsewhere. Empty for a file that can't
    be read any more.
    """
    try:
        tree = parse(source.read(file, file.name), Violations())
    except ConfigError:
        return {}
    listed = node_at(tree, ("scan", "ignore")) if tree else None
    items = listed.items if isinstance(listed, Sequence) else []
    lines = {_identity(item): item.position.line for item in reversed(items)}
    return {e: lines[key] for e in entries if (key := (e.id, e.package, e.path, e.image, f"{e.expires}")) in lines}


def _identity(node: Node) -> tuple[str | None, ...]:
    """What an entry says, as it is written."""
    entries = node.entries if isinstance(node, MappingNode) else {}
    said = {key: entry.value.text for key, entry in entries.items() if isinstance(entry.value, Scalar)}
    return tuple(said.get(key) for key in ("id", "package", "path", "image", "expires"))
