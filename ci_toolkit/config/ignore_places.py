"""Where the entries of `scan.ignore` and of its files stand, for remarks beside them."""

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

_IN_THE_CONFIG = ("scan", "ignore")


def ignore_places(config: Path, files: Iterable[Path], entries: Iterable[Ignore]) -> dict[Ignore, tuple[Path, int]]:
    """File and line, from 1, of each of these entries that stands in the config or in one of the files as they are.

    Without those written with variables, and those of a policy that came from elsewhere. A file that can't be read
    any more has none.
    """
    places = {
        identity: (file, line)
        for file, path in [*((file, ()) for file in reversed([*files])), (config, _IN_THE_CONFIG)]
        for identity, line in _lines(file, path)
    }
    return {e: places[key] for e in entries if (key := (e.id, e.package, e.path, e.image, f"{e.expires}")) in places}


def _lines(file: Path, path: tuple[str, ...]) -> list[tuple[tuple[str | None, ...], int]]:
    """What each entry of the list at this path says, and its line; the last first."""
    try:
        tree = parse(source.read(file, file.name), Violations())
    except ConfigError:
        return []
    listed = node_at(tree, path) if tree else None
    items = listed.items if isinstance(listed, Sequence) else []
    return [(_identity(item), item.position.line) for item in reversed(items)]


def _identity(node: Node) -> tuple[str | None, ...]:
    """What an entry says, as it is written."""
    entries = node.entries if isinstance(node, MappingNode) else {}
    said = {key: entry.value.text for key, entry in entries.items() if isinstance(entry.value, Scalar)}
    return tuple(said.get(key) for key in ("id", "package", "path", "image", "expires"))
