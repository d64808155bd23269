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

    _Check = Callable[[Any], bool]

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
        self._known: dict[int, Checks] = {}
        """By the node's identity, which holds while its checks keep the node."""

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
            return self.checks(self.document if node is None else node).hold(value)
        except Doubt:
            return False

    def checks(self, node: SchemaNode) -> Checks:
        """What this node asks of values."""
        if id(node) not in self._known:
            self._known[id(node)] = Checks(self, node)
        return self._known[id(node)]


class Checks(dict[type, "list[_Check]"]):
    """A node's checks by the type of the value, made when a value of that type is first met.

    A text that may be any text has none: a document may have a million of them.
    """

    def __init__(self, rules: Rules, node: SchemaNode) -> None:
        super().__init__()
        self._rules = rules
        self._node = node

    def hold(self, value: Any) -> bool:
        """Whether all of them do; raises Doubt where that isn't sure."""
        for check in self[type(value)]:  # noqa: SIM110 a generator is slow
            if not check(value):
                return False
        return True

    def __missing__(self, kind: type) -> list[_Check]:
        node = self._rules.resolved(self._node)
        self[kind] = [
            check
            for keyword, demand in node.items()
            if keyword not in ANNOTATIONS and not (keyword == "type" and demand == _TYPES.get(kind))
            for concerned, check in [self._made(node, keyword)]
            if issubclass(kind, concerned)
        ]
        return self[kind]

    def _made(self, node: SchemaNode, keyword: str) -> tuple[type | UnionType, _Check]:
        """The values that a keyword speaks of, and its check of them."""
        if keyword in PLAIN:
            kind, check = PLAIN[keyword]
            return kind, partial(check, node[keyword])
        if keyword in DEEP:
            deep, make = DEEP[keyword]
            return deep, make(self._rules, node)
        return object, partial(_unheard_of, keyword)


class Doubt(Exception):  # noqa: N818 it is none
    """Only the library knows."""


def _unheard_of(keyword: str, _value: Any) -> bool:
    raise Doubt(keyword)


def _type(demand: str | list[str], value: Any) -> bool:
    wanted = (demand,) if isinstance(demand, str) else demand
    if type(value) is float and value.is_integer() and "integer" in wanted:
        raise Doubt(value)  # draft 4 says that 1.0 is no integer, later ones that it is
    kind = type_of(value)
    return kind in wanted or (kind == "integer" and "number" in wanted)


def _same(demand: Any, value: Any) -> bool:
    if isinstance(demand, dict | list | float) or type(value) is float:
        raise Doubt(value)  # 1 is 1.0, and a list with True in it isn't one with 1
    return type(demand) is type(value) and bool(demand == value)


def _enum(demand: list[Any], value: Any) -> bool:
    return value in demand if type(value) is str else any(_same(item, value) for item in demand)


def _format(rules: Rules, node: SchemaNode) -> _Check:
    check = rules.formats.get(node["format"])

    def follows(value: str) -> bool:
        if check is None:
            raise Doubt(node["format"])
        try:
            check(value)
        except UsageError:
            return False
        return True

    return follows


def _unique(demand: bool, value: list[Any]) -> bool:  # noqa: FBT001 the keyword's value
    if not demand or len(value) < 2:
        return True
    ids = {item["id"] for item in value if isinstance(item, dict) and isinstance(item.get("id"), str)}
    return len(ids) == len(value) or len(set(map(comparable, value))) == len(value)


def comparable(value: Any) -> Any:
    """What is equal and hashable for values that JSON Schema takes for the same: 1 and 1.0, not 1 and true."""
    if type(value) is str:
        return value
    if isinstance(value, dict):
        return frozenset((key, comparable(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(map(comparable, value))
    return (type(value) is bool, value)


def _properties(rules: Rules, node: SchemaNode) -> _Check:
    options = {key: rules.checks(option) for key, option in node["properties"].items()}

    def conform(value: dict[str, Any]) -> bool:
        for key, item in value.items():
            if key in options:
                for check in options[key][type(item)]:  # as `hold`, without the call
                    if not check(item):
                        return False
        return True

    return conform


def _additional(rules: Rules, node: SchemaNode) -> _Check:
    demand = node["additionalProperties"]
    known = node.get("properties", {}).keys()
    if demand is True:
        return lambda _: True
    if demand is False:
        return lambda value: value.keys() <= known
    checks = rules.checks(demand)
    return lambda value: all(checks.hold(value[key]) for key in value.keys() - known)


def _names(rules: Rules, node: SchemaNode) -> _Check:
    checks = rules.checks(node["propertyNames"])
    return lambda value: all(map(checks.hold, value))


def _items(rules: Rules, node: SchemaNode) -> _Check:
    checks = rules.checks(node["items"])
    return lambda value: all(map(checks.hold, value))


def _one_of(rules: Rules, node: SchemaNode) -> _Check:
    options = [rules.checks(option) for option in node["oneOf"]]
    return lambda value: [option.hold(value) for option in options].count(True) == 1


def _any_of(rules: Rules, node: SchemaNode) -> _Check:
    options = [rules.checks(option) for option in node["anyOf"]]
    return lambda value: any(option.hold(value) for option in options)


PLAIN: Mapping[str, tuple[type | UnionType, Callable[[Any, Any], bool]]] = {
    "type": (object, _type),
    "const": (object, _same),
    "enum": (object, _enum),
    "pattern": (str, lambda demand, value: re.search(demand, value) is not None),
    "maxLength": (str, lambda demand, value: len(value) <= demand),
    "minimum": (int | float, lambda demand, value: value >= demand),
    "maximum": (int | float, lambda demand, value: value <= demand),
    "minItems": (list, lambda demand, value: len(value) >= demand),
    "uniqueItems": (list, _unique),
    "minProperties": (dict, lambda demand, value: len(value) >= demand),
    "maxProperties": (dict, lambda demand, value: len(value) <= demand),
    "required": (dict, lambda demand, value: all(map(value.__contains__, demand))),
}
"""By keyword: the values it speaks of, and what it demands of them."""

DEEP: Mapping[str, tuple[type, Callable[[Rules, SchemaNode], _Check]]] = {
    "properties": (dict, _properties),
    "additionalProperties": (dict, _additional),
    "propertyNames": (dict, _names),
    "items": (list, _items),
    "oneOf": (object, _one_of),
    "anyOf": (object, _any_of),
    "format": (str, _format),
}
"""Keywords that look further down, or at the schema's own checks: the values they speak of, and what makes a check."""
