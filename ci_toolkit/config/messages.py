"""One sentence for each way in which a value can break the schema: what is wrong, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ci_toolkit.config.nodes import Scalar, node_at
from ci_toolkit.config.violations import listed, quoted, shown
from ci_toolkit.conformance import type_of
from ci_toolkit.errors import UsageError
from ci_toolkit.model.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.config.document import Document
    from ci_toolkit.config.violations import Path
    from ci_toolkit.conformance import SchemaNode

_LITERAL = "a secret is never written into the file: write it as one ${VARIABLE}, and set the variable where it runs"
_NOUNS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "nothing",
}


class Fault(NamedTuple):
    """A value, the keyword it breaks, and what the schema says there."""

    document: Document
    path: Path
    keyword: str
    demand: Any
    rule: SchemaNode
    """The node that holds the keyword."""
    option: SchemaNode
    """The node of the option: `rule` with what stands beside the `$ref` to it."""
    value: Any
    cause: BaseException | None


def message_of(fault: Fault) -> str:
    """The sentence for this fault."""
    if fault.option.get("writeOnly"):
        return _LITERAL
    return MESSAGES[fault.keyword](fault)


def wrong_type(fault: Fault) -> str:
    """The sentence for a value of a type that isn't taken here."""
    if "enum" in fault.rule:
        return _enum(fault)
    schema = fault.document.schema
    wanted = schema.types(fault.option)
    noun = listed([_NOUNS[kind] for kind in wanted])
    node, kind = node_at(fault.document.root, fault.path), type_of(fault.value)
    if fault.path in fault.document.sources:
        return f"{_shown_value(fault)} is not {noun}"
    if kind == "null":
        return f"nothing is given where {noun} is needed{_example(fault.option)}"
    if isinstance(node, Scalar) and kind != "string" and "string" in wanted:
        advice = ": quote it" if schema.conforms(node.text, fault.option) else _example(fault.option)
        return f"{quoted(node.text)[1:-1]} is read as {_NOUNS[kind]} where text is needed{advice}"
    if isinstance(node, Scalar) and not node.plain and "boolean" not in wanted and kind == "string":
        return f"text is given where {noun} is needed: leave out the quotes{_example(fault.option)}"
    return f"{_NOUNS[kind]} is given where {noun} is needed{_example(fault.option)}"


def unknown_key(fault: Fault, key: str) -> str:
    """The sentence for a key that isn't known in this mapping: what was meant, or where it belongs."""
    known = list(fault.rule["properties"])
    if suggestion := nearest(key, known):
        return f"unknown key {quoted(key)}: did you mean {suggestion}?"
    places = [shown(place) or "the top level" for place in fault.document.schema.places(key) if place != fault.path]
    if places:
        return f"unknown key {quoted(key)} here: it belongs under {listed(places)}"
    return f"unknown key {quoted(key)}: known here are {listed(known, 'and')}"


def missing_key(fault: Fault, key: str) -> str:
    """The sentence for a key that must be there."""
    option = fault.document.schema.child(fault.rule, key) or {}
    return f"{key} is missing{_example(option)}"


def _example(option: SchemaNode) -> str:
    example = next((e for e in option.get("examples", ()) if not isinstance(e, dict)), None)
    if example is None:
        return ""
    text = f"[{', '.join(map(str, example))}]" if isinstance(example, list) else str(example)
    text = text.lower() if isinstance(example, bool) else text
    return f" (for example {text})" if "{" not in text else ""


def _shown_value(fault: Fault) -> str:
    """The value as it stands in the file. What variables hold is never shown: it may be a secret."""
    if fault.path in fault.document.sources:
        return f"{quoted(fault.document.sources[fault.path])} with its variables replaced"
    node = node_at(fault.document.root, fault.path)
    if isinstance(fault.value, str):
        return quoted(fault.value)
    return quoted(node.text) if isinstance(node, Scalar) and node.text else _NOUNS[type_of(fault.value)]


def _enum(fault: Fault) -> str:
    known = fault.rule["enum"]
    from_variable = fault.path in fault.document.sources
    suggestion = nearest(fault.value, known) if isinstance(fault.value, str) and not from_variable else None
    meant = f": did you mean {suggestion}?" if suggestion else ""
    return f"{_shown_value(fault)} is not one of {listed(known, 'and')}{meant}"


def _pattern(fault: Fault) -> str:
    title = fault.rule["title"]
    noun = title if title[1].isupper() else title[0].lower() + title[1:]
    return f"{_shown_value(fault)} is no {noun}: {fault.rule['description']}"


def _format(fault: Fault) -> str:
    if fault.path in fault.document.sources:
        return f"{_shown_value(fault)} can't be used here{_example(fault.option)}"
    hint = f": {fault.cause.hint}" if isinstance(fault.cause, UsageError) and fault.cause.hint else ""
    return f"{fault.cause}{hint}"


def _too_few(fault: Fault) -> str:
    return f"it is empty: at least one is needed{_example(fault.option)}"


def _count_of_properties(fault: Fault) -> str:
    known = list(fault.rule.get("properties", ()))
    return f"exactly one of {listed(known, 'and')} is needed" if known else _too_few(fault)


def _out_of_range(fault: Fault) -> str:
    return f"{fault.value} is out of range: from {fault.rule['minimum']} to {fault.rule['maximum']}"


MESSAGES: Mapping[str, Callable[[Fault], str]] = {
    "type": wrong_type,
    "enum": _enum,
    "const": lambda fault: f"it must be {fault.demand}",
    "pattern": _pattern,
    "format": _format,
    "maxLength": lambda fault: f"it is longer than {fault.demand} characters",
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minItems": _too_few,
    "uniqueItems": lambda _: "an entry is listed twice",
    "minProperties": _count_of_properties,
    "maxProperties": _count_of_properties,
}
"""By keyword: a test holds this to what the schema uses."""
