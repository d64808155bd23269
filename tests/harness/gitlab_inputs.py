"""A template with `spec: inputs`, read, checked and expanded as GitLab does it; what GitLab refuses is refused.

Source: docs.gitlab.com/ci/inputs and docs.gitlab.com/ci/yaml, "spec:inputs". Values are written into the text before
it is read as YAML: a string as it is, anything else as JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,), "array": (list,)}
_KEYS = {"description", "type", "default", "options", "regex"}
_USE = re.compile(r"\$\[\[\s*(?P<what>[^\]]*?)\s*\]\]")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_MOST_OPTIONS = 50


class RefusedError(Exception):
    """GitLab would make no pipeline of this."""


@dataclass(frozen=True)
class Template:
    """A file that is included with inputs."""

    inputs: dict[str, dict[str, Any]]
    body: str

    @classmethod
    def read(cls, file: Path) -> Template:
        """Read and check the header; raises RefusedError."""
        header, separator, body = file.read_text(encoding="utf-8").partition("\n---\n")
        document = yaml.safe_load(header)
        if not separator or not isinstance(document, dict) or document.keys() != {"spec"}:
            raise _refused(file.name, "a header holds `spec` alone, and `---` ends it")
        if document["spec"].keys() != {"inputs"}:
            raise _refused(file.name, "`spec` holds `inputs` alone")
        inputs = {name: one or {} for name, one in document["spec"]["inputs"].items()}
        for name, one in inputs.items():
            _check_definition(name, one)
        return cls(inputs, body)

    def expand(self, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The jobs with these inputs; raises RefusedError."""
        values = self._values(given or {})
        text = _USE.sub(lambda use: self._written(use["what"], values), self.body)
        document: dict[str, Any] = yaml.safe_load(text)
        return document

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := given.keys() - self.inputs.keys():
            raise _refused(", ".join(sorted(unknown)), "unknown input")
        values = {}
        for name, one in self.inputs.items():
            if name not in given and "default" not in one:
                raise _refused(name, "required value has not been provided")
            values[name] = given.get(name, one.get("default"))
            _check_value(name, one, values[name])
        return values

    def _written(self, what: str, values: Mapping[str, Any]) -> str:
        group, _, name = what.partition(".")
        if group != "inputs" or name not in values:
            raise _refused(what, "unknown interpolation key")
        value = values[name]
        return value if isinstance(value, str) else json.dumps(value)


def _check_definition(name: str, one: Mapping[str, Any]) -> None:
    if not _NAME.fullmatch(name):
        raise _refused(name, "no name of an input")
    if unknown := one.keys() - _KEYS:
        raise _refused(name, f"unknown keys: {', '.join(unknown)}")
    if one.get("type", "string") not in _TYPES:
        raise _refused(name, f"input type unknown value: {one['type']}")
    if "regex" in one and one.get("type", "string") != "string":
        raise _refused(name, "RegEx validation can only be used with string inputs")
    if len(one.get("options", ())) > _MOST_OPTIONS:
        raise _refused(name, f"more than {_MOST_OPTIONS} options")
    if "default" in one:
        _check_value(name, one, one["default"])


def _check_value(name: str, one: Mapping[str, Any], value: object) -> None:
    kind = one.get("type", "string")
    if not isinstance(value, _TYPES[kind]) or (kind == "number" and isinstance(value, bool)):
        raise _refused(name, f"provided value is not a {kind}")
    if "options" in one and value not in one["options"]:
        raise _refused(name, f"{value!r} cannot be used because it is not in the list of allowed options")
    if "regex" in one and not re.search(one["regex"], str(value)):
        raise _refused(name, f"provided value does not match required RegEx pattern {one['regex']}")


def _refused(what: str, why: str) -> RefusedError:
    return RefusedError(f"`{what}`: {why}")
