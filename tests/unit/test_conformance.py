"""The quick yes is never given where jsonschema says no."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft202012Validator

from ci_toolkit.conformance import Rules

WRONG: list[tuple[dict[str, Any], Any]] = [
    ({"type": "number", "minimum": 0, "maximum": 10}, 11.5),
    ({"type": "number", "minimum": 0, "maximum": 10}, -0.5),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 1),
    ({"oneOf": [{"type": "string"}, {"minLength": 1}]}, "x"),
    ({"uniqueItems": True}, [1, 1.0]),
    ({"uniqueItems": True}, [{"a": [1]}, {"a": [1.0]}]),
    ({"uniqueItems": True}, [{"id": "a", "of": 1}, {"id": "b"}, {"id": "a", "of": 1}]),
    ({"uniqueItems": True}, ["a", "b", "a"]),
    ({"const": [1]}, [True]),
    ({"enum": [[0], "x"]}, [False]),
    ({"enum": ["1", True]}, 1),
    ({"type": "integer", "minimum": 0}, True),
]
RIGHT: list[tuple[dict[str, Any], Any]] = [
    ({"type": "number", "minimum": 0, "maximum": 10}, 7),
    ({"type": ["string", "number"]}, 9.8),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, 1),
    ({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}, {"a": True}]),
    ({"uniqueItems": True}, [{"id": "a", "of": 1}, {"id": "a", "of": 2}, {"id": 1}, "a"]),
    ({"enum": ["a", 1]}, "a"),
    ({"properties": {"a": {"type": "null"}}, "additionalProperties": True}, {"b": 1}),
]


@pytest.mark.parametrize(("schema", "value"), WRONG)
def test_what_the_library_refuses_is_not_taken(schema: dict[str, Any], value: Any) -> None:
    assert not Draft202012Validator(schema).is_valid(value)
    assert not Rules(schema).conforms(value)


@pytest.mark.parametrize(("schema", "value"), RIGHT)
def test_what_is_right_is_taken_without_the_library(schema: dict[str, Any], value: Any) -> None:
    assert Draft4Validator(schema).is_valid(value)
    assert Rules(schema).conforms(value)
