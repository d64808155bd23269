"""Scan attestations: what is written is read again, wrapped as cosign wraps it, and nothing else is believed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.model.attestation import PREDICATE, ScanAttestation, parse_attestations
from ci_toolkit.model.digest import Digest

DIGEST = Digest("sha256:" + "a" * 64)
PASSED = ScanAttestation(digest=DIGEST, result="PASSED", policy_hash="sha256:" + "b" * 64)
STATEMENT = PASSED.as_json("app")


def _envelope(document: Any, kind: str = "application/vnd.in-toto+json") -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(document).encode()).decode()
    return {"payloadType": kind, "payload": payload, "signatures": [{"sig": "x"}]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(STATEMENT),
        json.dumps(STATEMENT, indent=2),
        json.dumps(_envelope(STATEMENT)),
        json.dumps(_envelope({**STATEMENT, "predicateType": "https://spdx.dev/Document"}))
        + "\n"
        + json.dumps(_envelope(STATEMENT))
        + "\n",
        json.dumps([_envelope(STATEMENT)]),
        json.dumps({**STATEMENT, "_type": "https://in-toto.io/Statement/v0.1"}),
    ],
)
def test_read_again(text: str) -> None:
    assert parse_attestations(text) == (PASSED,)


def test_several_results() -> None:
    failed = ScanAttestation(digest=DIGEST, result="FAILED")
    lines = [json.dumps(PASSED.as_json("app")), json.dumps(failed.as_json("app"))]
    assert parse_attestations("\n".join(lines)) == (PASSED, failed)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no statement of the kind"),
        ("x", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("null", "it is no in-toto statement"),
        (json.dumps({"images": {}}), "it is no in-toto statement"),
        (json.dumps(_envelope(STATEMENT, "text/plain")), "the payload 'text/plain'"),
        (json.dumps({**_envelope(STATEMENT), "payload": "*"}), "no base64"),
        (
            json.dumps({**STATEMENT, "predicateType": "https://spdx.dev/Document"}),
            f"no statement of the kind {PREDICATE}",
        ),
        (json.dumps({**STATEMENT, "predicate": {"result": "SUPER", "configuration": []}}), "malformed at 'SUPER'"),
        (json.dumps({**STATEMENT, "predicate": {"configuration": []}}), "malformed at 'result'"),
        (json.dumps({**STATEMENT, "predicate": []}), "malformed"),
        (json.dumps({**STATEMENT, "subject": [{"digest": {"sha1": "x"}}]}), "malformed at 'sha256'"),
        (json.dumps({**STATEMENT, "subject": [{"digest": {"sha256": "abc"}}]}), "digest"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_attestations(text)
    assert message in caught.value.message
