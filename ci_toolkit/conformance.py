"""Whether a document surely conforms to a JSON Schema, without importing jsonschema.

The library decides what is wrong and where, but importing it takes longer than reading a whole config or state does.
A document that is right, as nearly all are, never needs it: this reads the same schema file and says yes only where
every keyword is one it knows and holds. On any doubt it says no, and the library judges.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SchemaNode = dict[str, Any]
_TYPES: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
ANNOTATIONS = frozenset(
    {"$schema", "$id", "$defs", "id", "definitions", "title", "description", "default", "examples", "writeOnly"}
)


def type_of(value: Any) -> str:
    """JSON Schema's name of a value's type."""
    return _TYPES[type(value)]


class Rules:
    """A schema's document, with a check for each `format` it names; a check raises UsageError.

    References are local, and what stands beside a `$ref` goes first.
    """

    def __init__(self, document: SchemaNode, formats: Mapping[str, Callable[[str], object]] | None = None) -> None:
        self.document = document
        self.formats = formats or {}

    def resolved(self, node: SchemaNode) -> SchemaNode:
        """The node with its `$ref` followed."""
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def conforms(self, value: Any, node: SchemaNode | None = None) -> bool:
        """True only if the value is valid under this node of the schema, or the whole."""
        node = self.resolved(self.document if node is None else node)
        for keyword, demand in node.items():
            if keyword in ANNOTATIONS:
                continue
            if keyword in PLAIN:
                kind, holds = PLAIN[keyword]
                if isinstance(value, kind) and not holds(demand, value):
                    return False
            elif keyword in DEEP:
                if not DEEP[keyword](self, node, value):
                    return False
            else:
                return False
        return True


def _same(demand: Any, value: Any) -> bool:
    return type(demand) is type(value) and bool(demand == value)


def _format(rules: Rules, node: SchemaNode, value: Any) -> bool:
    if not isinstance(value, str):
        return True
    try:
        rules.formats[node["format"]](value)
    except (KeyError, UsageError):
        return False
    return True


def _unique(demand: bool, value: list[Any]) -> bool:  # noqa: FBT001 the keyword's value
    if not demand or len(value) < 2:
        return True
    told = {item if isinstance(item, str) else json.dumps(item, sort_keys=True) for item in value}
    return len(told) == len(value)


def _properties(rules: Rules, node: SchemaNode, value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    return all(rules.conforms(value[key], option) for key, option in node["properties"].items() if key in value)


def _additional(rules: Rules, node: SchemaNode, value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    extra = [item for key, item in value.items() if key not in node.get("properties", {})]
    demand = node["additionalProperties"]
    return all(rules.conforms(item, demand) for item in extra) if isinstance(demand, dict) else demand or not extra


def _names(rules: Rules, node: SchemaNode, value: Any) -> bool:
    return not isinstance(value, dict) or all(rules.conforms(key, node["propertyNames"]) for key in value)


def _items(rules: Rules, node: SchemaNode, value: Any) -> bool:
    return not isinstance(value, list) or all(rules.conforms(item, node["items"]) for item in value)


def _one_of(rules: Rules, node: SchemaNode, value: Any) -> bool:
    return [rules.conforms(value, option) for option in node["oneOf"]].count(True) == 1


def _any_of(rules: Rules, node: SchemaNode, value: Any) -> bool:
    return any(rules.conforms(value, option) for option in node["anyOf"])


PLAIN: Mapping[str, tuple[type, Callable[[Any, Any], bool]]] = {
    "type": (object, lambda demand, value: type_of(value) in ([demand] if isinstance(demand, str) else demand)),
    "const": (object, _same),
    "enum": (object, lambda demand, value: any(_same(item, value) for item in demand)),
    "pattern": (str, lambda demand, value: re.search(demand, value) is not None),
    "maxLength": (str, lambda demand, value: len(value) <= demand),
    "minimum": (int, lambda demand, value: value >= demand),
    "maximum": (int, lambda demand, value: value <= demand),
    "minItems": (list, lambda demand, value: len(value) >= demand),
    "uniqueItems": (list, _unique),
    "minProperties": (dict, lambda demand, value: len(value) >= demand),
    "maxProperties": (dict, lambda demand, value: len(value) <= demand),
    "required": (dict, lambda demand, value: all(key in value for key in demand)),
}
"""By keyword: the values it speaks of, and what it demands of them."""

DEEP: Mapping[str, Callable[[Rules, SchemaNode, Any], bool]] = {
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "oneOf": _one_of,
    "anyOf": _any_of,
    "format": _format,
}
"""Keywords that look further down, or at the schema's own checks."""
