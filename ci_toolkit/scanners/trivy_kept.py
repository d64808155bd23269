"""Trivy's own report as it is kept: without what would show a secret.

Trivy blots secrets out where it reports them as such, and nowhere else: the image's config stands in the report with
its variables, and a misconfiguration's message and lines are quoted from the file.
"""

from __future__ import annotations

import json

from ci_toolkit.scanners.trivy_report import places_of_secrets


def shareable(data: bytes) -> bytes:
    """A report that `parse` believed, without config, quoted lines, and messages about a file with a secret in it."""
    document = json.loads(data)
    document["Metadata"].pop("ImageConfig", None)
    secret = places_of_secrets(document)
    for result in document.get("Results") or ():
        for item in result.get("Misconfigurations") or ():
            if isinstance(item.get("CauseMetadata"), dict):
                item["CauseMetadata"].pop("Code", None)
            if str(result.get("Target")).removeprefix("/") in secret:
                item.pop("Message", None)
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
