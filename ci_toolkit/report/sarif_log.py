"""What every SARIF 2.1.0 file of ours shares: sarif-om's objects as JSON, GitHub's limits, text that is no link."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import sarif_om

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_RUNS = 20
MAX_RESULTS = 5_000
_MAX_GZIPPED = 10_000_000
"""GitHub's limits: of 25,000 results taken 5,000 are shown, 20 runs, 10 MB gzipped (docs: SARIF support)."""
_SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SPOKEN_DEFAULTS = frozenset({"level"})
_RENAMED = {("Suppression", "state"): "status"}
"""sarif-om 1.0.4 has this one property under the name it had in a draft of the standard."""


def log_of(runs: Sequence[sarif_om.Run]) -> Any:
    """The document of these runs."""
    return as_json(sarif_om.SarifLog(schema_uri=_SCHEMA_URI, version="2.1.0", runs=list(runs)))


def written(document: Any) -> bytes:
    """A document as a file holds it."""
    # On one line: indented JSON is written by slow Python.
    encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, check_circular=False).encode
    return (encode(document) + "\n").encode("utf-8", "replace")


def is_small_enough(data: bytes) -> bool:
    """True for a file that GitHub takes."""
    return len(gzip.compress(data, 6)) <= _MAX_GZIPPED


def unlinked(text: str) -> str:
    """A message in which no brackets make a link, `[text](target)` (SARIF 2.1.0, 3.11.6)."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def as_json(value: Any) -> Any:
    """An object of sarif-om as the schema names its properties; unset ones and the schema's defaults left out."""
    if isinstance(value, list):
        return [as_json(item) for item in value]
    kind: Any = type(value)
    if not hasattr(kind, "__attrs_attrs__"):
        return value
    known, properties = _properties_of(kind), {}
    for attribute, own in vars(value).items():
        if own is None:
            continue
        name, default = known[attribute]
        if default is None or own != default or name in _SPOKEN_DEFAULTS:
            properties[name] = own if isinstance(own, str) else as_json(own)
    return properties


@cache
def _properties_of(kind: Any) -> dict[str, tuple[str, Any]]:
    """Of a class of sarif-om: attribute → the schema's name of it, default."""
    return {
        attribute.name: (
            _RENAMED.get((kind.__name__, attribute.name)) or attribute.metadata["schema_property_name"],
            attribute.default.factory() if hasattr(attribute.default, "factory") else attribute.default,
        )
        for attribute in kind.__attrs_attrs__
    }
