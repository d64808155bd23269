"""What a config says of the gate and of trust, and nothing else: read from the base revision's text.

The rest of that config isn't looked at, save where a baseline's tag is: what it says of images is about files that the
change may have moved.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ci_toolkit.config import document, formats, schema, source, typed, typed_rules, variables
from ci_toolkit.config.ignore_files import with_files
from ci_toolkit.config.load import check_dates, judge, parsed
from ci_toolkit.config.nodes import Mapping as MappingNode
from ci_toolkit.config.nodes import Scalar
from ci_toolkit.config.nodes import Sequence as SequenceNode
from ci_toolkit.config.violations import Violations
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ci_toolkit.config.ignore_files import Beside
    from ci_toolkit.config.nodes import Node
    from ci_toolkit.config.options import TrustOptions
    from ci_toolkit.config.scan_options import ScanOptions
    from ci_toolkit.config.schema import Schema
    from ci_toolkit.model.reference import Destination

_SECTIONS = ("version", "scan", "trust")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The sections `scan` and `trust` of a config."""

    scan: ScanOptions
    policy_hash: str
    """As `Config.policy_hash`."""
    trust: TrustOptions


def rules(
    data: bytes, name: str, env: Mapping[str, str], beside: Beside = lambda _: None, *, today: date | None = None
) -> Rules:
    """The rules in a config of these bytes, called `name` in messages, its `${VAR}` taken from `env`.

    `beside` reads its files of ignored findings; `today` is as in `load`. Raises ConfigError with every violation in
    these sections, as `name:line:column: path: message`.
    """
    today = today or datetime.now(UTC).date()
    violations = Violations()
    whole = parsed(source.text_of(data, name), name, violations)
    known = _known()
    read = document.Document(known, _sections(whole), env, violations)
    judge(read, name)
    if isinstance(read.value, dict):
        check_dates(known.filled(known.document, document.pruned(read)).get("scan", {}), today, read)
    violations.raise_if_any(name)
    filled = known.filled(known.document, read.value)
    said = with_files(filled["scan"], beside, env, today)
    scan = typed_rules.scan(said, env)
    if scan.baseline:
        scan = replace(scan, baseline=replace(scan.baseline, repositories=_repositories(whole, env)))
    return Rules(
        scan=scan,
        policy_hash=typed.policy_hash(said),
        trust=typed_rules.trust(filled["trust"]),
    )


def _repositories(tree: Node, env: Mapping[str, str]) -> dict[str, Destination]:
    """The first repository of each image, as far as that can be read: a change can't lead a baseline elsewhere."""
    found = {}
    for name, image in _entries(_entries(tree).get("images")).items():
        listed = _entries(image).get("repositories")
        first = listed.items[0] if isinstance(listed, SequenceNode) and listed.items else None
        if isinstance(first, Scalar):
            with suppress(UsageError, variables.Unresolvable):
                found[name] = formats.repository(variables.replaced(first.text, env))
    return found


def _entries(node: Node | None) -> dict[str, Node]:
    return {key: entry.value for key, entry in node.entries.items()} if isinstance(node, MappingNode) else {}


def _sections(tree: Node) -> Node:
    if not isinstance(tree, MappingNode):
        return tree
    kept = MappingNode(tree.position)
    kept.entries = {key: entry for key, entry in tree.entries.items() if key in _SECTIONS}
    return kept


def _known() -> Schema:
    whole = schema.load().document
    properties = {name: whole["properties"][name] for name in _SECTIONS}
    return schema.Schema({**whole, "properties": properties, "required": ["version"]})
