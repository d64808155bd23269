"""What is attached to manifests: lists, cosign's manifests, and what things are called."""

from __future__ import annotations

import json

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.attached import (
    Artifact,
    cosign_tags,
    holds_all,
    kind_of,
    merged_list,
    read_referrers,
    referrers_tag,
)
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX, OCI_MANIFEST, Descriptor

SUBJECT = Digest.of(b"subject")


def artifact(text: str, kind: str = "application/spdx+json") -> Artifact:
    data = text.encode()
    return Artifact(
        subject=SUBJECT, descriptor=Descriptor(OCI_MANIFEST, Digest.of(data), len(data)), artifact_type=kind
    )


def test_tags_are_named_as_the_specs_say() -> None:
    assert referrers_tag(SUBJECT) == f"sha256-{SUBJECT.hex}"
    assert cosign_tags(SUBJECT) == tuple(f"sha256-{SUBJECT.hex}{end}" for end in (".sig", ".att", ".sbom"))


def test_a_new_list_holds_what_was_added() -> None:
    data = merged_list(None, [artifact("one"), artifact("two"), artifact("one")])
    found = read_referrers(data, SUBJECT)
    assert [a.descriptor.digest for a in found] == [Digest.of(b"one"), Digest.of(b"two")]
    assert {a.artifact_type for a in found} == {"application/spdx+json"}


def test_what_a_list_held_stays_first_and_untouched() -> None:
    entry = {"mediaType": OCI_MANIFEST, "digest": str(Digest.of(b"x")), "size": 1, "odd": [1], "artifactType": "a/b"}
    known = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry], "annotations": {"k": "v"}}
    merged = json.loads(merged_list(json.dumps(known).encode(), [artifact("one")]))
    assert merged["manifests"][0] == entry
    assert merged["annotations"] == {"k": "v"}
    assert len(merged["manifests"]) == 2


def test_an_entry_goes_from_list_to_list_as_it_is() -> None:
    entry = {
        "mediaType": OCI_MANIFEST,
        "digest": str(Digest.of(b"x")),
        "size": 1,
        "artifactType": "a/b",
        "annotations": {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"},
    }
    source = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    assert json.loads(merged_list(None, read_referrers(source, SUBJECT)))["manifests"] == [entry]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"manifests": 1}', b"[" * 100_000, b'{"manifests": [{}]}'])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        read_referrers(data, SUBJECT)


def signatures(*names: str) -> bytes:
    layers = [{"digest": "sha256:1", "annotations": {"dev.cosignproject.cosign/signature": name}} for name in names]
    return json.dumps({"layers": layers}).encode()


@pytest.mark.parametrize(
    ("newer", "older", "expected"),
    [
        (signatures("a", "b"), signatures("a"), True),
        (signatures("b", "a"), signatures("a", "b"), True),
        (signatures("a"), signatures("a", "b"), False),
        (signatures("a"), signatures("b"), False),
        (signatures("a"), signatures(), False),
        (signatures("a"), b"no JSON", False),
        (b"{}", signatures("a"), False),
    ],
)
def test_a_cosign_manifest_that_holds_all_of_another(newer: bytes, older: bytes, *, expected: bool) -> None:
    """Signatures of one payload have one digest: what tells them apart is their annotation."""
    assert holds_all(newer, older) is expected


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("https://sigstore.dev/cosign/sign/v1", "signature (cosign)"),
        ("application/vnd.cncf.notary.signature", "signature (notation)"),
        ("application/spdx+json", "SBOM (SPDX)"),
        ("application/vnd.cyclonedx+json", "SBOM (CycloneDX)"),
        ("https://slsa.dev/provenance/v1", "provenance (SLSA)"),
        ("application/vnd.acme.thing", "application/vnd.acme.thing"),
        ("", "artifact of no stated type"),
    ],
)
def test_kinds_in_words(kind: str, words: str) -> None:
    assert kind_of(kind) == words


def test_a_bundle_says_in_its_manifest_what_it_is_about() -> None:
    listed = artifact("one", "application/vnd.oci.empty.v1+json")
    manifest = {
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "annotations": {"dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"},
    }
    assert listed.kind == "artifact of no stated type"
    assert listed.described(json.dumps(manifest).encode()).kind == "provenance (SLSA), signed"
    assert listed.described(b"broken") == listed
