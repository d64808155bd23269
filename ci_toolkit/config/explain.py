"""What is wrong with a document, in plain English: jsonschema finds it, this says it, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker

from ci_toolkit.config.formats import CHECKS
from ci_toolkit.config.messages import Fault, message_of, missing_key, unknown_key, wrong_type
from ci_toolkit.config.nodes import key_position
from ci_toolkit.conformance import type_of
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema.exceptions import ValidationError

    from ci_toolkit.config.document import Document
    from ci_toolkit.config.schema import Schema
    from ci_toolkit.config.violations import Path


def explain(document: Document) -> None:
    """Note every violation of the schema in the document's violations."""
    for error in validator(document.schema).iter_errors(document.value):
        _explain(document, error)
        if document.violations.are_enough:
            return


def validator(schema: Schema) -> Draft202012Validator:
    """The library's validator for the schema, with the formats it names."""
    checker = FormatChecker(formats=())
    for name, check in CHECKS.items():
        checker.checks(name, raises=UsageError)(_holds(check))
    return Draft202012Validator(schema.document, format_checker=checker)


def _holds(check: Callable[[str], object]) -> Callable[[object], bool]:
    def holds(value: object) -> bool:
        if isinstance(value, str):
            check(value)
        return True

    return holds


def _explain(document: Document, error: ValidationError) -> None:
    fault = _fault(document, error)
    if document.violations.is_spoilt(fault.path):
        return
    if "propertyNames" in error.absolute_schema_path:
        path = (*fault.path, str(fault.value))
        document.violations.add(key_position(document.root, path), path, message_of(fault))
    elif fault.keyword == "additionalProperties":
        for key in [key for key in fault.value if key not in fault.rule["properties"]]:
            path = (*fault.path, key)
            document.violations.add(key_position(document.root, path), path, unknown_key(fault, key))
            document.violations.spoilt.add(path)
            if document.violations.are_enough:
                return
    elif fault.keyword == "required":
        for key in set(fault.demand) - fault.value.keys():
            place = key_position(document.root, fault.path)
            document.violations.add(place, (*fault.path, key), missing_key(fault, key))
    elif fault.keyword == "oneOf":
        _explain_branch(document, fault, error.context or [])
    else:
        document.add(fault.path, message_of(fault))
        if fault.keyword == "type" or not isinstance(fault.value, dict | list):
            document.violations.spoilt.add(fault.path)


def _fault(document: Document, error: ValidationError) -> Fault:
    path: Path = tuple(error.absolute_path)
    rule: Any = error.schema
    is_name = "propertyNames" in error.absolute_schema_path
    return Fault(
        document=document,
        path=path,
        keyword=str(error.validator),
        demand=error.validator_value,
        rule=document.schema.resolved(rule),
        option=document.schema.resolved(rule) if is_name else document.schema.at(document.value, path),
        value=error.instance,
        cause=error.cause,
    )


def _explain_branch(document: Document, fault: Fault, context: list[ValidationError]) -> None:
    """Of a `oneOf`, only the branch for the value's type has something to say."""
    kind, kinds = type_of(fault.value), document.schema.types(fault.rule)
    if kind not in kinds:
        document.add(fault.path, wrong_type(fault))
        document.violations.spoilt.add(fault.path)
        return
    for inner in context:
        if inner.schema_path[0] == kinds.index(kind):
            _explain(document, inner)
