"""The official SARIF schema's word on a document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ci_toolkit.conformance import Rules, comparable
from ci_toolkit.errors import IntegrityError
from ci_toolkit.files import packaged_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import ValidationError


def validate(document: Any) -> None:
    """Raise IntegrityError at the first thing `schemas/sarif-2.1.0.json` doesn't allow."""
    schema = json.loads(packaged_schema("sarif-2.1.0.json"))
    if Rules(schema, _FORMATS).conforms(document):
        return
    for violation in _violations(schema, document):
        message = f"the SARIF report is wrong at {violation.json_path}: {violation.message[:200]}"
        raise IntegrityError(message, hint="this is a fault of ci-toolkit: please report it with the findings file")


def _violations(schema: Any, document: Any) -> Iterator[ValidationError]:
    # Here, not above: the library takes a second to import, and a report that is right doesn't need it.
    from jsonschema import Draft4Validator
    from jsonschema.validators import extend

    validator = extend(Draft4Validator, {"uniqueItems": _unique})  # type: ignore[no-untyped-call]  # as types-jsonschema has it
    yield from validator(schema).iter_errors(document)


def _unique(_validator: Any, wanted: bool, items: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: FBT001
    """`uniqueItems` by a set: jsonschema compares every pair, which takes a minute for 5,000 rules."""
    from jsonschema import ValidationError

    if wanted and isinstance(items, list) and len(set(map(comparable, items))) < len(items):
        yield ValidationError("has the same item twice")


_FORMATS = dict.fromkeys(("uri", "uri-reference", "date-time"), str)
"""Notes, to the validator as well: draft 4 leaves it to whoever asks whether a format is checked."""
