"""The schemas that refer to each other, for an independent validator."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from ci_toolkit.files import packaged_schema


def validator(name: str) -> Draft202012Validator:
    """Of `schemas/NAME.schema.json`."""
    findings = json.loads(packaged_schema("findings.schema.json"))
    registry = Registry().with_resource(findings["$id"], Resource.from_contents(findings))
    return Draft202012Validator(json.loads(packaged_schema(f"{name}.schema.json")), registry=registry)
