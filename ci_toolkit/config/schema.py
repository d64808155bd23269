"""The config's JSON Schema as the one statement of options and defaults: finding one's way in it, filling defaults.

It is written in a small part of JSON Schema, which a test holds it to: references are local, the branches of a
`oneOf` differ by their type, and beside a `$ref` stand annotations only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ci_toolkit.config.formats import CHECKS
from ci_toolkit.conformance import Rules, type_of
from ci_toolkit.files import packaged_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.config.violations import Path
    from ci_toolkit.conformance import SchemaNode

FILE = "ci-toolkit.schema.json"


def load() -> Schema:
    """The schema that is shipped."""
    return Schema(json.loads(packaged_schema(FILE)))


class Schema(Rules):
    """The config's schema and the way through it."""

    def __init__(self, document: SchemaNode) -> None:
        super().__init__(document, CHECKS)

    def branch(self, node: SchemaNode, kind: str) -> SchemaNode:
        """The node that holds for values of this type: itself, or one branch of its `oneOf`."""
        node = self.resolved(node)
        for option in node.get("oneOf", ()):
            resolved = self.resolved(option)
            if resolved["type"] == kind:
                return resolved
        return node

    def child(self, node: SchemaNode, part: str | int) -> SchemaNode | None:
        """The node for a key or an item, None where there is none. `node` must be resolved."""
        if isinstance(part, int):
            item = node.get("items")
            return self.resolved(item) if item is not None else None
        if part in node.get("properties", {}):
            return self.resolved(node["properties"][part])
        extra = node.get("additionalProperties")
        return self.resolved(extra) if isinstance(extra, dict) else None

    def at(self, value: Any, path: Path) -> SchemaNode:
        """The node for a path in a document of this value; {} where there is none."""
        node = self.resolved(self.document)
        for part in path:
            child = self.child(self.branch(node, type_of(value)), part)
            if child is None:
                return {}
            node, value = child, value[part]
        return node

    def types(self, node: SchemaNode) -> tuple[str, ...]:
        """The types of values that a resolved node takes; none where it doesn't say."""
        if "oneOf" in node:
            return tuple(self.resolved(option)["type"] for option in node["oneOf"])
        return (node["type"],) if "type" in node else ()

    def filled(self, node: SchemaNode, value: Any) -> Any:
        """A valid value with every default below it filled in; the value itself stays as it is."""
        node = self.branch(node, type_of(value))
        if isinstance(value, list):
            item = node.get("items", {})
            return [self.filled(item, entry) for entry in value]
        if not isinstance(value, dict):
            return value
        result = {key: self.filled(self.child(node, key) or {}, entry) for key, entry in value.items()}
        for key, option in node.get("properties", {}).items():
            resolved = self.resolved(option)
            if key not in result and "default" in resolved:
                result[key] = self.filled(option, resolved["default"])
        return result

    def places(self, name: str) -> Iterator[Path]:
        """Where in the config an option of this name exists, `NAME` and `HOST` standing for free keys."""
        yield from self._places(self.document, name, ())

    def _places(self, node: SchemaNode, name: str, path: Path) -> Iterator[Path]:
        node = self.branch(node, "object")
        for key, option in node.get("properties", {}).items():
            if key == name:
                yield path
            yield from self._places(option, name, (*path, key))
        if isinstance(extra := node.get("additionalProperties"), dict):
            yield from self._places(extra, name, (*path, "HOST" if path == ("registries",) else "NAME"))
        if "items" in node:
            yield from self._places(node["items"], name, (*path, 0))
