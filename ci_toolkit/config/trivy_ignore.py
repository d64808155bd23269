"""Trivy's own ignore files, `.trivyignore` and `.trivyignore.yaml`, read strictly: what means nothing is an error.

Source: Trivy's pkg/result/ignore.go, which takes `exp:` and `expired_at` for the start of that day in UTC: the last
day on which the finding is ignored is the one before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from ci_toolkit.config import formats
from ci_toolkit.config.document import Document
from ci_toolkit.config.explain import explain
from ci_toolkit.config.ignore_files import is_blank
from ci_toolkit.config.nodes import key_position
from ci_toolkit.config.parse import parse
from ci_toolkit.config.schema import Schema
from ci_toolkit.config.violations import Position, Violations, quoted
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]*")
_MAGIC = re.compile(r"[*?\[\]{}\\]")
_TEXT = {"title": "text", "description": "text", "type": "string", "maxLength": 1000, "pattern": r"\S", "examples": []}
_LIST = {"title": "list", "description": "list of texts", "type": "array", "items": _TEXT, "examples": []}
_FINDING = {
    "title": "Finding",
    "description": "An ignored finding.",
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": _TEXT,
        "paths": _LIST,
        "purls": _LIST,
        "statement": _TEXT,
        "expired_at": {**_TEXT, "format": "date"},
    },
}
_SECTIONS = ("vulnerabilities", "misconfigurations", "secrets", "licenses")
_SCHEMA = {
    "title": "Trivy's ignored findings",
    "description": "A .trivyignore.yaml.",
    "type": "object",
    "additionalProperties": False,
    "properties": {name: {**_LIST, "items": _FINDING} for name in _SECTIONS},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """One finding that Trivy would ignore."""

    position: Position
    id: str
    package: str | None = None
    path: str | None = None
    reason: str | None = None
    expires: date | None = None
    """The last day; None: Trivy would ignore it for ever."""


def trivy_ignore(text: str, *, is_yaml: bool, violations: Violations) -> list[Imported]:
    """What Trivy would ignore by this file; everything that can't be taken over as it is, is noted."""
    if is_blank(text):
        return []
    return list(_of_yaml(text, violations) if is_yaml else _of_lines(text, violations))


def _of_lines(text: str, violations: Violations) -> Iterator[Imported]:
    said: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        position = Position(number, 1)
        if line.strip().startswith("#"):
            said.append(line.strip().strip("# "))
            continue
        before, _, remark = line.partition(" #")
        name, *rest = before.split() or [""]
        reason = " ".join([*said, remark.strip()]).strip()
        said = []
        if not name:
            continue
        expires = None
        if not _ID.fullmatch(name) or name.startswith("exp:"):
            violations.add(position, (), f"{quoted(name)} is no id")
        for word in rest:
            day = _day(word.removeprefix("exp:")) if word.startswith("exp:") and expires is None else None
            if day is None:
                violations.add(position, (), f"{quoted(word)} means nothing to Trivy: write exp:YYYY-MM-DD")
            expires = expires or day
        if "exp:" in remark:
            violations.add(position, (), "Trivy takes an `exp:` in a remark for the expiry: move it before the #")
        yield Imported(position=position, id=name, reason=reason or None, expires=expires)


def _of_yaml(text: str, violations: Violations) -> Iterator[Imported]:
    tree = parse(text, violations)
    if tree is None:
        return
    read = Document(Schema(_SCHEMA), tree, {}, violations)
    if not read.schema.conforms(read.value):
        explain(read)
        return
    sections: dict[str, list[dict[str, Any]]] = read.value
    for section, findings in sections.items():
        for index, finding in enumerate(findings):
            here = (section, index)
            purls, paths = finding.get("purls", [None]), finding.get("paths", [None])
            for number, purl in enumerate(purls):
                if purl and ("?" in purl or "#" in purl or not purl.startswith("pkg:")):
                    read.add((*here, "purls", number), "only a purl without qualifiers means the same here")
            for number, path in enumerate(paths):
                if path and _MAGIC.search(path.removesuffix("/**")):
                    read.add((*here, "paths", number), "only a plain path, or DIRECTORY/**, means the same here")
            for purl, path in product(purls, paths):
                yield Imported(
                    position=key_position(tree, here),
                    id=finding["id"],
                    package=purl,
                    path=path and path.removeprefix("/").replace("/**", "/*"),
                    reason=" ".join(finding["statement"].split()) if "statement" in finding else None,
                    expires=_day(finding["expired_at"]) if "expired_at" in finding else None,
                )


def _day(text: str) -> date | None:
    """The last day before this one; None for what is no date."""
    try:
        return formats.day(text) - timedelta(days=1)
    except (UsageError, OverflowError):
        return None
