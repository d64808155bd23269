"""What is wrong with a document, in plain English: jsonschema finds it, this says it, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker

from ci_toolkit.config.conform import conforms
from ci_toolkit.config.formats import CHECKS
from ci_toolkit.config.nodes import Scalar, key_position, node_at
from ci_toolkit.config.schema import type_of
from ci_toolkit.config.violations import listed, nearest, quoted, shown
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jsonschema.exceptions import ValidationError

    from ci_toolkit.config.document import Document
    from ci_toolkit.config.schema import Schema, SchemaNode
    from ci_toolkit.config.violations import Path

_SECRET = "a secret is never written into the file: write it as one ${VARIABLE}, and set the variable where it runs"  # noqa: S105
_NOUNS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "nothing",
}


def explain(document: Document) -> None:
    """Note every violation of the schema in the document's violations."""
    for error in validator(document.schema).iter_errors(document.value):
        _explain(document, error)


def validator(schema: Schema) -> Draft202012Validator:
    """The library's validator for the schema, with the formats it names."""
    checker = FormatChecker(formats=())
    for name, check in CHECKS.items():
        checker.checks(name, raises=UsageError)(_holds(check))
    return Draft202012Validator(schema.document, format_checker=checker)


def option_at(schema: Schema, value: Any, path: Path) -> SchemaNode:
    """The schema's node for a path in a document, what stands beside its `$ref` included; {} where there is none."""
    node: SchemaNode = schema.resolved(schema.document)
    for part in path:
        child = schema.child(schema.branch(node, type_of(value)), part)
        if child is None:
            return {}
        node, value = child, value[part]
    return node


def _holds(check: Callable[[str], object]) -> Callable[[object], bool]:
    def holds(value: object) -> bool:
        if isinstance(value, str):
            check(value)
        return True

    return holds


def _explain(document: Document, error: ValidationError) -> None:
    path: Path = tuple(error.absolute_path)
    if document.violations.is_spoilt(path):
        return
    if "propertyNames" in error.absolute_schema_path:
        _add_key(document, (*path, str(error.instance)), _name_message(document, error))
    elif error.validator == "additionalProperties":
        for key in error.instance.keys() - error.schema["properties"].keys():
            _add_key(document, (*path, key), _unknown_key(document, error, path, key))
            document.violations.spoilt.add((*path, key))
    elif error.validator == "required":
        for key in sorted(set(error.validator_value) - error.instance.keys()):
            message = _missing(document, path, key)
            document.violations.add(key_position(document.root, path), (*path, key), message)
    elif error.validator == "oneOf":
        _explain_branch(document, error, path)
    else:
        option = option_at(document.schema, document.value, path)
        document.add(path, _message(document, error, path, option))
        if error.validator == "type" or not isinstance(error.instance, dict | list):
            document.violations.spoilt.add(path)


def _add_key(document: Document, path: Path, message: str) -> None:
    document.violations.add(key_position(document.root, path), path, message)


def _explain_branch(document: Document, error: ValidationError, path: Path) -> None:
    """Of a `oneOf`, only the branch for the value's type has something to say."""
    kind = type_of(error.instance)
    kinds = document.schema.types(error.schema)
    if kind not in kinds:
        document.add(path, _type_message(document, error, path, error.schema))
        document.violations.spoilt.add(path)
        return
    for inner in error.context or ():
        if inner.schema_path[0] == kinds.index(kind):
            _explain(document, inner)


def _message(document: Document, error: ValidationError, path: Path, option: SchemaNode) -> str:
    if option.get("writeOnly"):
        return _SECRET
    speak = _MESSAGES.get(str(error.validator))
    return speak(document, error, path, option) if speak else error.message


def _name_message(document: Document, error: ValidationError) -> str:
    option = document.schema.resolved(error.schema)
    return _message(document, error, (), option)


def _unknown_key(document: Document, error: ValidationError, path: Path, key: str) -> str:
    known = list(error.schema["properties"])
    if suggestion := nearest(key, known):
        return f"unknown key {quoted(key)}: did you mean {suggestion}?"
    places = [shown(place) for place in document.schema.places(key) if place != path]
    if places:
        return f"unknown key {quoted(key)} here: it belongs under {listed([place or 'the top level' for place in places])}"
    return f"unknown key {quoted(key)}: known here are {listed(known, 'and')}"


def _missing(document: Document, path: Path, key: str) -> str:
    option = option_at(document.schema, document.value, path)
    child = document.schema.child(document.schema.branch(option, "object"), key) or {}
    return f"{key} is missing{_example(child)}"


def _example(option: SchemaNode) -> str:
    example = next((e for e in option.get("examples", ()) if not isinstance(e, dict)), None)
    if example is None:
        return ""
    text = f"[{', '.join(map(str, example))}]" if isinstance(example, list) else str(example)
    text = text.lower() if isinstance(example, bool) else text
    return f" (for example {text})" if "{" not in text else ""


def _type_message(document: Document, error: ValidationError, path: Path, option: SchemaNode) -> str:
    if "enum" in error.schema:
        return _enum(document, error, path, option)
    wanted = document.schema.types(option) or (str(error.validator_value),)
    noun = listed([_NOUNS[kind] for kind in wanted])
    node, kind = node_at(document.root, path), type_of(error.instance)
    if path in document.sources:
        return f"{quoted(document.sources[path])} with its variables replaced is not {noun}"
    if kind == "null":
        return f"nothing is given where {noun} is needed{_example(option)}"
    if isinstance(node, Scalar) and "string" in wanted:
        advice = ": quote it" if conforms(document.schema, option, node.text) else _example(option)
        return f"{quoted(node.text)[1:-1]} is read as {_NOUNS[kind]} where text is needed{advice}"
    if isinstance(node, Scalar) and not node.plain and kind == "string":
        return f"text is given where {noun} is needed: leave out the quotes{_example(option)}"
    return f"{_NOUNS[kind]} is given where {noun} is needed{_example(option)}"


def _value(document: Document, error: ValidationError, path: Path) -> str:
    if path in document.sources:
        return f"{quoted(document.sources[path])} with its variables replaced"
    node = node_at(document.root, path)
    if isinstance(node, Scalar) and node.text and not isinstance(error.instance, str):
        return quoted(node.text)
    return quoted(error.instance) if isinstance(error.instance, str) else _NOUNS[type_of(error.instance)]


def _enum(document: Document, error: ValidationError, path: Path, _: SchemaNode) -> str:
    known, instance = error.schema["enum"], error.instance
    suggestion = nearest(instance, known) if isinstance(instance, str) and path not in document.sources else None
    meant = f": did you mean {suggestion}?" if suggestion else ""
    return f"{_value(document, error, path)} is not one of {listed(known, 'and')}{meant}"


def _pattern(document: Document, error: ValidationError, path: Path, _: SchemaNode) -> str:
    title = error.schema["title"]
    noun = title if title[1].isupper() else title[0].lower() + title[1:]
    return f"{_value(document, error, path)} is no {noun}: {error.schema['description']}"


def _format(document: Document, error: ValidationError, path: Path, option: SchemaNode) -> str:
    if path in document.sources:
        return f"{_value(document, error, path)} can't be used here{_example(option)}"
    reason = error.cause
    hint = f": {reason.hint}" if isinstance(reason, UsageError) and reason.hint else ""
    return f"{reason}{hint}"


def _too_few(_: Document, error: ValidationError, __: Path, option: SchemaNode) -> str:
    return f"it is empty: at least one is needed{_example(option)}"


def _properties_count(document: Document, error: ValidationError, path: Path, option: SchemaNode) -> str:
    known = error.schema.get("properties")
    return (
        f"exactly one of {listed(list(known), 'and')} is needed" if known else _too_few(document, error, path, option)
    )


def _bound(_: Document, error: ValidationError, __: Path, option: SchemaNode) -> str:
    return f"{error.instance} is out of range: from {option['minimum']} to {option['maximum']}"


_MESSAGES: Mapping[str, Callable[[Document, ValidationError, Path, SchemaNode], str]] = {
    "type": _type_message,
    "enum": _enum,
    "const": lambda _, error, __, ___: f"it must be {error.validator_value}",
    "pattern": _pattern,
    "format": _format,
    "maxLength": lambda _, error, __, ___: f"it is longer than {error.validator_value} characters",
    "minimum": _bound,
    "maximum": _bound,
    "minItems": _too_few,
    "uniqueItems": lambda *_: "an entry is listed twice",
    "minProperties": _properties_count,
    "maxProperties": _properties_count,
}
