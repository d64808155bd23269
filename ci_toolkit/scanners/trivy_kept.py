"""Trivy's own report as it is kept: without what would show a secret.

Trivy blots secrets out where it quotes their own lines, and nowhere else: the image's config stands in the report
with its variables, a secret's layer with the instruction that made it, and what is said of a misconfiguration quotes
the file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ci_toolkit.scanners.trivy_report import may_quote, places_of_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping


def shareable(data: bytes) -> bytes:
    """A report that `parse` believed, without config and instructions, and without quotes but a secret's own."""
    document = json.loads(data)
    document["Metadata"].pop("ImageConfig", None)
    secret = places_of_secrets(document)
    for result in document.get("Results") or ():
        for item in result.get("Secrets") or ():
            _drop(item, "Layer", "CreatedBy")
        for item in result.get("Misconfigurations") or ():
            _drop(item, "CauseMetadata", "Code")
            _drop(item, "Layer", "CreatedBy")
            if may_quote(result, secret):
                item.pop("Message", None)
    return json.dumps(document).encode()


def _drop(item: Mapping[str, Any], section: str, name: str) -> None:
    if isinstance(item.get(section), dict):
        item[section].pop(name, None)
