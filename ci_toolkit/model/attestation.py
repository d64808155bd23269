"""What a scan attests of an image, as others can read it: an in-toto statement with the test-result predicate.

Sources: in-toto/attestation, spec/v1/statement.md and spec/predicates/test-result.md (v0.1);
secure-systems-lab/dsse, envelope.md.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ci_toolkit.errors import UsageError
from ci_toolkit.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
_STATEMENT = "https://in-toto.io/Statement/v1"
_STATEMENTS = (_STATEMENT, "https://in-toto.io/Statement/v0.1")
_PAYLOAD = "application/vnd.in-toto+json"
_RESULTS: Mapping[str, Result] = {"PASSED": "PASSED", "WARNED": "WARNED", "FAILED": "FAILED"}
Result = Literal["PASSED", "WARNED", "FAILED"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanAttestation:
    """The gate's word on one digest."""

    digest: Digest
    result: Result
    policy_hash: str | None = None
    """sha256 over the config's scan section, where the statement tells it."""

    def as_json(self, name: str) -> dict[str, Any]:
        """The statement; `name` is what its subject is called."""
        predicate: dict[str, Any] = {"result": self.result, "configuration": []}
        if self.policy_hash:
            predicate["configuration"] = [{"name": _POLICY, "digest": {"sha256": self.policy_hash.rpartition(":")[2]}}]
        return {
            "_type": _STATEMENT,
            "subject": [{"name": name, "digest": {"sha256": self.digest.hex}}],
            "predicateType": PREDICATE,
            "predicate": predicate,
        }


_POLICY = "ci-toolkit scan policy"


def parse_attestations(text: str) -> tuple[ScanAttestation, ...]:
    """The test results in a statement, a DSSE envelope, or lines of either, as `cosign verify-attestation` prints.

    A signature isn't verified here: cosign does that, with the keys it is told to trust. Statements of another kind
    are passed over; raises UsageError where nothing is left, and for what is no statement at all.
    """
    found = [attestation for statement in _statements(text) for attestation in _results(statement)]
    if not found:
        message = f"no statement of the kind {PREDICATE} is in it"
        raise UsageError(message, hint="the scan writes one for each image, see `reports` in the state")
    return tuple(found)


def _statements(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        documents = [json.loads(text)]
    except (ValueError, RecursionError):
        documents = [_json(line) for line in text.splitlines() if line.strip()]
    for document in documents:
        for entry in document if isinstance(document, list) else [document]:
            yield _statement(entry)


def _statement(document: Any) -> Mapping[str, Any]:
    if isinstance(document, dict) and "payload" in document:
        if document.get("payloadType") != _PAYLOAD:
            message = f"an envelope with the payload {str(document.get('payloadType'))[:80]!r} is no attestation"
            raise UsageError(message)
        try:
            document = _json(base64.b64decode(str(document["payload"]), validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            message = "the envelope's payload is no base64 of text"
            raise UsageError(message) from None
    if not isinstance(document, dict) or document.get("_type") not in _STATEMENTS:
        message = "it is no in-toto statement"
        raise UsageError(message, hint="give the statement itself, or what `cosign verify-attestation` prints")
    return document


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"it is not JSON: {str(error)[:100]}"
        raise UsageError(message) from None


def _results(statement: Mapping[str, Any]) -> Iterator[ScanAttestation]:
    if statement.get("predicateType") != PREDICATE:
        return
    try:
        predicate = statement["predicate"]
        policies = [entry["digest"]["sha256"] for entry in predicate["configuration"] if entry.get("name") == _POLICY]
        for subject in statement["subject"]:
            yield ScanAttestation(
                digest=Digest(f"sha256:{subject['digest']['sha256']}"),
                result=_RESULTS[predicate["result"]],
                policy_hash=f"sha256:{policies[0]}" if policies else None,
            )
    except (KeyError, TypeError, AttributeError) as error:
        message = f"the test result is malformed at {str(error)[:60]}"
        raise UsageError(message) from None
