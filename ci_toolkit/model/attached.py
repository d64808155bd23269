"""What is attached to a manifest: referrers, their list, and cosign's tags.

Sources: OCI distribution spec 1.1, "Listing Referrers" and "Referrers Tag Schema"; sigstore/cosign, the specs of
signatures, attestations and SBOMs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.oci import OCI_INDEX, Descriptor, descriptor_of, parse_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_toolkit.model.digest import Digest

COSIGN_TAGS = {".sig": "signature (cosign tag)", ".att": "attestation (cosign tag)", ".sbom": "SBOM (cosign tag)"}
"""Endings of the tags under which cosign keeps what belongs to a manifest, and what that is."""
_BUNDLE_PREDICATE = "dev.sigstore.bundle.predicateType"
_KINDS = (
    ("cosign/sign/", "signature (cosign)"),
    ("sigstore.bundle", "signature or attestation (sigstore bundle)"),
    ("cosign.simplesigning", "signature (cosign)"),
    ("cosign.artifact.sig", "signature (cosign)"),
    ("cncf.notary.signature", "signature (notation)"),
    ("spdx", "SBOM (SPDX)"),
    ("cyclonedx", "SBOM (CycloneDX)"),
    ("syft", "SBOM (Syft)"),
    ("slsa", "provenance (SLSA)"),
    ("in-toto", "attestation (in-toto)"),
    ("sarif", "scan report (SARIF)"),
    ("openvex", "vulnerability statement (OpenVEX)"),
    ("/vuln/", "scan report (cosign)"),
    ("vnd.oci.empty", "artifact of no stated type"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A manifest that is attached to another one, its `subject`."""

    subject: Digest
    descriptor: Descriptor
    artifact_type: str = ""
    tag: str = ""
    """cosign's tag for it; empty for a referrer, which the manifest itself or a list declares."""
    predicate: str = ""
    """What the statement in a Sigstore bundle is about, as its manifest's annotation says."""
    entry: Mapping[str, Any] | None = None
    """How the list of referrers names it, for another list."""

    @property
    def kind(self) -> str:
        """What it is, for people: `signature (cosign tag)`, `SBOM (SPDX)`, else its type."""
        for ending, name in COSIGN_TAGS.items():
            if self.tag.endswith(ending):
                return name
        kind = kind_of(self.predicate or self.artifact_type)
        return f"{kind}, signed" if self.predicate and not kind.startswith("signature") else kind

    def described(self, data: bytes) -> Artifact:
        """With what its manifest says of it: lists name a type that isn't there, or cosign's empty config."""
        try:
            document = json.loads(data)
            kind = str(document.get("artifactType") or (document.get("config") or {}).get("mediaType") or "")
            predicate = str((document.get("annotations") or {}).get(_BUNDLE_PREDICATE) or "")
        except (ValueError, RecursionError, AttributeError):
            return self
        return replace(self, artifact_type=kind or self.artifact_type, predicate=predicate)


def kind_of(artifact_type: str) -> str:
    """An artifact type or predicate type in words; itself where we know none."""
    lowered = artifact_type.lower()
    return next((name for part, name in _KINDS if part in lowered), artifact_type or "artifact of no stated type")


def referrers_tag(subject: Digest) -> str:
    """The tag that lists the referrers of a manifest where the registry doesn't: `sha256-<hex>`."""
    return f"sha256-{subject.hex}"


def cosign_tags(subject: Digest) -> tuple[str, ...]:
    """The tags that cosign uses for a manifest."""
    return tuple(f"sha256-{subject.hex}{ending}" for ending in COSIGN_TAGS)


def read_referrers(data: bytes, subject: Digest) -> tuple[Artifact, ...]:
    """The artifacts that a list of referrers names, each once; raises IntegrityError if it is no such list."""
    parse_index(data, OCI_INDEX)
    found: dict[Digest, Artifact] = {}
    for entry in json.loads(data)["manifests"]:
        descriptor = descriptor_of(entry)
        kind = str(entry.get("artifactType") or "")
        found.setdefault(
            descriptor.digest, Artifact(subject=subject, descriptor=descriptor, artifact_type=kind, entry=entry)
        )
    return tuple(found.values())


def merged_list(known: bytes | None, artifacts: Iterable[Artifact]) -> bytes:
    """The list of referrers with these in it too, what it names already first and untouched.

    Raises IntegrityError if what is known is no such list.
    """
    if known:
        parse_index(known, OCI_INDEX)
    empty = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    document: dict[str, Any] = json.loads(known) if known else empty
    there = {entry["digest"] for entry in document["manifests"]}
    for artifact in artifacts:
        if str(artifact.descriptor.digest) not in there:
            there.add(str(artifact.descriptor.digest))
            document["manifests"].append(artifact.entry or _entry(artifact))
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def holds_all(newer: bytes, older: bytes) -> bool:
    """True if a cosign manifest has every layer of another one: cosign adds a signature by adding a layer.

    Two signatures of one payload are layers of one digest that differ in their annotations, so whole entries count.
    """
    ours, theirs = _layers(newer), _layers(older)
    return bool(theirs) and theirs <= ours


def _layers(data: bytes) -> set[str]:
    try:
        return {json.dumps(layer, sort_keys=True) for layer in json.loads(data)["layers"]}
    except (ValueError, RecursionError, LookupError, TypeError):
        return set()


def _entry(artifact: Artifact) -> dict[str, Any]:
    kind = {"artifactType": artifact.artifact_type} if artifact.artifact_type else {}
    return {**artifact.descriptor.as_json(), **kind}
