"""Documents that are easily taken for ours: what they say of themselves, so that an error can name them."""

from __future__ import annotations

from collections.abc import Mapping


def known_as(document: object) -> str:
    """What a JSON document looks like, as `a SARIF report`; empty where nobody knows, or it may be one of ours."""
    if isinstance(document, list):
        first = document[0] if document else None
        return "a GitLab code quality report" if isinstance(first, Mapping) and "check_name" in first else ""
    if not isinstance(document, Mapping):
        return ""
    if document.get("bomFormat") == "CycloneDX":
        return "a CycloneDX bill of materials"
    if "spdxVersion" in document or "spdx.org" in str(document.get("@context", ""))[:200]:
        return "an SPDX bill of materials"
    for name, members in _MEMBERS.items():
        if members <= document.keys():
            return name
    if document.keys() == {"version", "images"}:
        return "what `ci-toolkit diff --format json` prints"
    values = tuple(document.values())
    if values and all(isinstance(value, Mapping) and {"platforms", "verdict"} <= value.keys() for value in values):
        return "what `ci-toolkit scan --output json` prints"
    return ""


_MEMBERS: Mapping[str, frozenset[str]] = {
    "a SARIF report": frozenset({"version", "runs"}),
    "Trivy's own JSON report": frozenset({"SchemaVersion", "ArtifactName"}),
    "an attestation": frozenset({"_type", "predicateType"}),
    "a GitLab security report": frozenset({"scan", "vulnerabilities"}),
}
"""By the members that each has and none of ours."""
