"""Whether a document surely conforms to a JSON Schema, without importing jsonschema.

The library decides what is wrong and where, but importing it takes longer than reading a whole config or state does.
A document that is right, as nearly all are, never needs it: this reads the same schema file and says yes only where
every keyword is one it knows and holds. On any doubt it says no, and the library judges.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import UnionType

    _Check = tuple[type | UnionType, Callable[[Any, Any], bool], Any]

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
        self._checks: dict[int, tuple[SchemaNode, list[_Check]]] = {}
        """By the node's identity, which holds while the node is kept here."""

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
        try:
            return self.holds(value, self.document if node is None else node)
        except Doubt:
            return False

    def holds(self, value: Any, node: SchemaNode) -> bool:
        """Whether the value is valid under this node; raises Doubt where that isn't sure."""
        known = self._checks.get(id(node))
        if known is None:
            known = self._checks[id(node)] = (node, self._checks_of(node))
        for kind, check, demand in known[1]:  # noqa: SIM110 a generator is slow, and a document may have a million values
            if isinstance(value, kind) and not check(demand, value):
                return False
        return True

    def _checks_of(self, node: SchemaNode) -> list[_Check]:
        """Kinds of values, what is checked of them, and the demand."""
        node = self.resolved(node)
        checks: list[_Check] = []
        for keyword, demand in node.items():
            if keyword in PLAIN:
                checks.append((*PLAIN[keyword], demand))
            elif keyword in DEEP:
                kind, check = DEEP[keyword]
                checks.append((kind, partial(check, self), node))
            elif keyword not in ANNOTATIONS:
                checks.append((object, _unheard_of, keyword))
        return checks


class Doubt(Exception):  # noqa: N818 it is none
    """Only the library knows."""


def _unheard_of(keyword: str, _value: Any) -> bool:
    raise Doubt(keyword)


def _type(demand: str | list[str], value: Any) -> bool:
    if type_of(value) == demand:
        return True
    wanted = (demand,) if isinstance(demand, str) else demand
    if type(value) is float and value.is_integer() and "integer" in wanted:
        raise Doubt(value)  # draft 4 says that 1.0 is no integer, later ones that it is
    kind = type_of(value)
    return kind in wanted or (kind == "integer" and "number" in wanted)


def _same(demand: Any, value: Any) -> bool:
    if isinstance(demand, dict | list | float) or type(value) is float:
        raise Doubt(value)  # 1 is 1.0, and a list with True in it isn't one with 1
    return type(demand) is type(value) and bool(demand == value)


def _format(rules: Rules, node: SchemaNode, value: str) -> bool:
    if node["format"] not in rules.formats:
        raise Doubt(node["format"])
    try:
        rules.formats[node["format"]](value)
    except UsageError:
        return False
    return True


def _unique(demand: bool, value: list[Any]) -> bool:  # noqa: FBT001 the keyword's value
    return not demand or len(value) < 2 or len(set(map(comparable, value))) == len(value)


def comparable(value: Any) -> Any:
    """What is equal and hashable for values that JSON Schema takes for the same: 1 and 1.0, not 1 and true."""
    if isinstance(value, dict):
        return frozenset((key, comparable(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(map(comparable, value))
    return (type(value) is bool, value)


def _properties(rules: Rules, node: SchemaNode, value: dict[str, Any]) -> bool:
    options = node["properties"]
    for key, item in value.items():  # noqa: SIM110 as above
        if key in options and not rules.holds(item, options[key]):
            return False
    return True


def _additional(rules: Rules, node: SchemaNode, value: dict[str, Any]) -> bool:
    demand = node["additionalProperties"]
    known = node.get("properties", {})
    if demand is True or value.keys() <= known.keys():
        return True
    extra = value.keys() - known.keys()
    return isinstance(demand, dict) and all(rules.holds(value[key], demand) for key in extra)


def _names(rules: Rules, node: SchemaNode, value: dict[str, Any]) -> bool:
    return all(rules.holds(key, node["propertyNames"]) for key in value)


def _items(rules: Rules, node: SchemaNode, value: list[Any]) -> bool:
    return all(rules.holds(item, node["items"]) for item in value)


def _one_of(rules: Rules, node: SchemaNode, value: Any) -> bool:
    return [rules.holds(value, option) for option in node["oneOf"]].count(True) == 1


def _any_of(rules: Rules, node: SchemaNode, value: Any) -> bool:
    return any(rules.holds(value, option) for option in node["anyOf"])


PLAIN: Mapping[str, tuple[type | UnionType, Callable[[Any, Any], bool]]] = {
    "type": (object, _type),
    "const": (object, _same),
    "enum": (object, lambda demand, value: any(_same(item, value) for item in demand)),
    "pattern": (str, lambda demand, value: re.search(demand, value) is not None),
    "maxLength": (str, lambda demand, value: len(value) <= demand),
    "minimum": (int | float, lambda demand, value: value >= demand),
    "maximum": (int | float, lambda demand, value: value <= demand),
    "minItems": (list, lambda demand, value: len(value) >= demand),
    "uniqueItems": (list, _unique),
    "minProperties": (dict, lambda demand, value: len(value) >= demand),
    "maxProperties": (dict, lambda demand, value: len(value) <= demand),
    "required": (dict, lambda demand, value: all(key in value for key in demand)),
}
"""By keyword: the values it speaks of, and what it demands of them."""

DEEP: Mapping[str, tuple[type, Callable[[Rules, SchemaNode, Any], bool]]] = {
    "properties": (dict, _properties),
    "additionalProperties": (dict, _additional),
    "propertyNames": (dict, _names),
    "items": (list, _items),
    "oneOf": (object, _one_of),
    "anyOf": (object, _any_of),
    "format": (str, _format),
}
"""Keywords that look further down, or at the schema's own checks."""
