"""From the tree to plain values: scalars resolved as the schema wants them, variables replaced, secrets left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_toolkit.config import variables
from ci_toolkit.config.nodes import Mapping as MappingNode
from ci_toolkit.config.nodes import Scalar, Sequence, place
from ci_toolkit.config.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.config.nodes import Node
    from ci_toolkit.config.schema import Schema
    from ci_toolkit.config.violations import Path, Violations
    from ci_toolkit.conformance import SchemaNode

_MOST_CHARACTERS = 1024 * 1024
_LATER = ("commit", "scan")
"""Their secrets are asked for where they are used: the other jobs shouldn't have them."""
_TOO_LONG = "the config's variables hold more than 1 MiB altogether"


class Document:
    """The config as plain values; variables that can't be replaced are noted as violations.

    Where the schema says `writeOnly`, the value is the text of the file, `${VAR}`: a secret is nowhere in here.
    """

    def __init__(
        self, schema: Schema, root: Node, env: Mapping[str, str], violations: Violations, *, needs_secrets: bool = True
    ) -> None:
        """`needs_secrets`: a login's secret whose variable isn't set, or is empty, is a violation."""
        self.schema = schema
        self.root = root
        self.env = env
        self.violations = violations
        self.sources: dict[Path, str] = {}
        """What stands in the file where variables were replaced: messages show this, never the variables' values."""
        self.needs_secrets = needs_secrets
        self.characters = 0
        self.value = _value(self, root, schema.document, ())

    def add(self, path: Path, message: str) -> None:
        """Note a violation at the value of this path."""
        self.violations.add(place(self.root, path), path, message)


def pruned(document: Document) -> Any:
    """The document without what is wrong: removed from mappings, None in lists, so that indexes keep."""
    return _pruned(document.violations, document.value, ())


def _value(document: Document, node: Node, option: SchemaNode | None, path: Path) -> Any:
    schema = document.schema
    if isinstance(node, MappingNode):
        here = schema.branch(option, "object") if option else {}
        entries = node.entries.items()
        return {key: _value(document, entry.value, schema.child(here, key), (*path, key)) for key, entry in entries}
    if isinstance(node, Sequence):
        here = schema.branch(option, "array") if option else {}
        return [_value(document, item, schema.child(here, i), (*path, i)) for i, item in enumerate(node.items)]
    return _scalar(document, node, option, path)


def _scalar(document: Document, node: Scalar, option: SchemaNode | None, path: Path) -> Any:
    here = document.schema.resolved(option) if option else {}
    if here.get("writeOnly"):
        return _secret(document, node, path)
    if not variables.has_any(node.text):
        return resolve(node.text) if node.plain else node.text
    if option is None:
        return node.text
    if document.characters > _MOST_CHARACTERS:
        return _unusable(document, node, path, _TOO_LONG)
    try:
        text = variables.replaced(node.text, document.env)
    except variables.Unresolvable as reason:
        return _unusable(document, node, path, str(reason))
    document.characters += len(text)
    if document.characters > _MOST_CHARACTERS:
        return _unusable(document, node, path, _TOO_LONG)
    if variables.names(node.text):
        document.sources[path] = node.text
    # A variable has no type of its own: `insecure: ${INSECURE}` means what INSECURE says, in quotes or not.
    types = document.schema.types(here)
    return resolve(text) if types and "string" not in types else text


def _secret(document: Document, node: Scalar, path: Path) -> str:
    name = variables.only_variable(node.text)
    if name is not None and document.needs_secrets and path[0] not in _LATER:
        try:
            if not variables.replaced(node.text, document.env):
                _unusable(document, node, path, f"the environment variable {name} is empty")
        except variables.Unresolvable as reason:
            _unusable(document, node, path, str(reason))
    return node.text


def _unusable(document: Document, node: Scalar, path: Path, reason: str) -> str:
    document.add(path, reason)
    document.violations.spoilt.add(path)
    return node.text


def _pruned(violations: Violations, value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if (*path, key) not in violations.spoilt}
        return {key: _pruned(violations, item, (*path, key)) for key, item in kept.items()}
    if isinstance(value, list):
        return [
            None if (*path, i) in violations.spoilt else _pruned(violations, item, (*path, i))
            for i, item in enumerate(value)
        ]
    return value
