"""Whether a document surely conforms to the schema, without importing jsonschema.

The library decides what is wrong and where, but importing it takes longer than reading a whole config does. A config
that is right, as nearly all are, never needs it: this reads the same schema file and says yes only where every
keyword is one it knows and holds. On any doubt it says no, and the library judges.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.config.formats import CHECKS
from ci_toolkit.config.schema import type_of
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.config.schema import Schema, SchemaNode

ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description", "default", "examples", "writeOnly"})


def conforms(schema: Schema, node: SchemaNode, value: Any) -> bool:
    """True only if the value is valid under this node of the schema."""
    node = schema.resolved(node)
    for keyword, demand in node.items():
        if keyword in ANNOTATIONS:
            continue
        if keyword in PLAIN:
            kind, holds = PLAIN[keyword]
            if isinstance(value, kind) and not holds(demand, value):
                return False
        elif keyword in DEEP:
            if not DEEP[keyword](schema, node, value):
                return False
        else:
            return False
    return True


def _same(demand: Any, value: Any) -> bool:
    return type(demand) is type(value) and bool(demand == value)


def _format(name: str, value: str) -> bool:
    try:
        CHECKS[name](value)
    except (KeyError, UsageError):
        return False
    return True


def _unique(demand: bool, value: list[Any]) -> bool:  # noqa: FBT001 the keyword's value
    return not demand or (all(isinstance(item, str) for item in value) and len(set(value)) == len(value))


def _properties(schema: Schema, node: SchemaNode, value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    return all(conforms(schema, option, value[key]) for key, option in node["properties"].items() if key in value)


def _additional(schema: Schema, node: SchemaNode, value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    extra = [item for key, item in value.items() if key not in node.get("properties", {})]
    demand = node["additionalProperties"]
    return all(conforms(schema, demand, item) for item in extra) if isinstance(demand, dict) else not extra


def _names(schema: Schema, node: SchemaNode, value: Any) -> bool:
    return not isinstance(value, dict) or all(conforms(schema, node["propertyNames"], key) for key in value)


def _items(schema: Schema, node: SchemaNode, value: Any) -> bool:
    return not isinstance(value, list) or all(conforms(schema, node["items"], item) for item in value)


def _one_of(schema: Schema, node: SchemaNode, value: Any) -> bool:
    return [conforms(schema, option, value) for option in node["oneOf"]].count(True) == 1


PLAIN: Mapping[str, tuple[type, Callable[[Any, Any], bool]]] = {
    "type": (object, lambda demand, value: bool(type_of(value) == demand)),
    "const": (object, _same),
    "enum": (object, lambda demand, value: any(_same(item, value) for item in demand)),
    "pattern": (str, lambda demand, value: re.search(demand, value) is not None),
    "format": (str, _format),
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

DEEP: Mapping[str, Callable[[Schema, SchemaNode, Any], bool]] = {
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "oneOf": _one_of,
}
"""Keywords that look further down."""
