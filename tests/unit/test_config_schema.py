"""The schema says everything about every option, and only what its readers understand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

import pytest
from jsonschema import Draft202012Validator

from ci_toolkit import conformance
from ci_toolkit.config import messages, schema
from ci_toolkit.config.explain import validator
from ci_toolkit.config.formats import CHECKS
from ci_toolkit.model.policy import Reaction
from ci_toolkit.model.tags_facts import When

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = schema.load()
_ANNOTATIONS = {"title", "description", "default", "examples"}


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every node of the schema, and no instance in `default`, `examples`, `enum`."""
    yield node
    for name in ("properties", "$defs"):
        for child in node.get(name, {}).values():
            yield from _nodes(child)
    for name in ("additionalProperties", "propertyNames", "items"):
        if isinstance(node.get(name), dict):
            yield from _nodes(node[name])
    for child in node.get("oneOf", ()):
        yield from _nodes(child)


def _options() -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Name, node and whether it must be given, for every property anywhere."""
    for node in _nodes(SCHEMA.document):
        for name, option in node.get("properties", {}).items():
            yield name, option, name in node.get("required", ())


NODES = list(_nodes(SCHEMA.document))
OPTIONS = list(_options())


def _validates(option: dict[str, Any], value: Any) -> bool:
    return bool(validator(SCHEMA).evolve(schema={**option, "$defs": SCHEMA.document["$defs"]}).is_valid(value))


def test_metaschema() -> None:
    Draft202012Validator.check_schema(SCHEMA.document)
    assert len(OPTIONS) > 50


@pytest.mark.parametrize(("name", "option", "required"), OPTIONS, ids=[name for name, _, _ in OPTIONS])
def test_every_option_is_explained(name: str, option: dict[str, Any], required: bool) -> None:
    resolved = SCHEMA.resolved(option)
    assert resolved["title"][0].isupper()
    assert resolved["title"] != name
    assert len(resolved["description"]) > 10
    assert resolved["examples"]
    for example in resolved["examples"]:
        assert _validates(option, example)
    if required:
        assert "default" not in resolved
    elif "default" in resolved:
        assert _validates(option, resolved["default"])
    else:
        assert "Without it" in resolved["description"]


def test_the_filled_defaults_validate() -> None:
    smallest = {"version": 1, "images": {"app": {"repositories": ["ghcr.io/acme/app"]}}}
    filled = SCHEMA.filled(SCHEMA.document, smallest)
    assert validator(SCHEMA).is_valid(filled)
    assert filled["scan"]["gate"]["severity"] == "high"
    assert filled["images"]["app"]["tags"] == ["sha-{sha:7}", "{version}"]
    assert smallest == {"version": 1, "images": {"app": {"repositories": ["ghcr.io/acme/app"]}}}


def test_mappings_are_closed() -> None:
    for node in NODES:
        if node.get("type") == "object":
            assert node["additionalProperties"] is False or "propertyNames" in node


def test_only_what_its_readers_understand() -> None:
    for node in NODES:
        keywords = set(node) - conformance.ANNOTATIONS - {"$ref"}
        assert keywords <= set(conformance.PLAIN) | set(conformance.DEEP)
        told = set(messages.MESSAGES) | {
            "properties",
            "items",
            "propertyNames",
            "additionalProperties",
            "required",
            "oneOf",
        }
        assert keywords <= told
        if "$ref" in node:
            assert set(node) <= _ANNOTATIONS | {"$ref"}
            assert node["$ref"].startswith("#/$defs/")
        branches = [SCHEMA.resolved(branch)["type"] for branch in node.get("oneOf", ())]
        assert len(branches) == len(set(branches))


def test_formats_and_patterns() -> None:
    assert {node["format"] for node in NODES if "format" in node} == set(CHECKS)
    for node in NODES:
        if "pattern" in node:
            assert node["pattern"].startswith("^")
            assert node["pattern"].endswith("$(?!\\n)"), "$ alone lets a line end pass"
            assert node["title"]
            assert node["description"]
            assert "maxLength" in node or node.get("writeOnly") or node["title"].startswith("SSH")
            re.compile(node["pattern"])


def test_words_are_the_model_s() -> None:
    rule = SCHEMA.document["$defs"]["tag-rule"]["properties"]["when"]["enum"]
    assert tuple(rule) == get_args(When)
    assert tuple(SCHEMA.document["$defs"]["reaction"]["enum"]) == get_args(Reaction)


def test_secrets_are_marked() -> None:
    marked = [name for name, option, _ in OPTIONS if SCHEMA.resolved(option).get("writeOnly")]
    assert marked == ["token", "token", "ssh-key", "key", "password"]
