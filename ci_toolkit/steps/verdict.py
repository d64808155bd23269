"""Whether the gate let an image pass: from the state of its scan, or from what somebody attests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.model.attestation import ScanAttestation
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.state import ImageState, State


def refusal(image: ImageState, policy_hash: str) -> tuple[str, str]:
    """Why an image may not pass the gate, and what to do; empty where it may."""
    if image.scan is None or image.verdict is None:
        return "it was never scanned, and a gate is configured", "run `ci-toolkit scan` first"
    if image.scan.digest != image.digest:
        return f"another image was scanned, {image.scan.digest.short}", "run `ci-toolkit scan` again"
    if image.scan.policy_hash != policy_hash:
        return "its verdict was given under another policy", "run `ci-toolkit scan` again: the `scan` section changed"
    if image.verdict != "pass":
        found = f"{len(image.blocking)} blocking, first {image.blocking[0]}" if image.blocking else "see the scan"
        return f"the gate refuses it: {found}", "upgrade what is fixable, or triage it under `scan.ignore`"
    return "", ""


def refusal_of(
    digest: Digest, image: ImageState, attestations: Sequence[ScanAttestation], policy_hash: str
) -> tuple[str, str]:
    """`refusal` for a digest that may come from elsewhere: then an attestation must tell that it passed."""
    if image.digest == digest and image.scan is not None:
        return refusal(image, policy_hash)
    given = [attestation for attestation in attestations if attestation.digest == digest]
    if any(attestation.result == "FAILED" for attestation in given):
        return f"the attestation says that the gate refused {digest.short}", "promote another digest"
    if given:
        return "", ""
    return (
        f"nothing here tells that {digest.short} passed the gate",
        "hand the state of its run on, give its scan attestation by --attestation, or say why by --override",
    )


def refusal_in(
    state: State, name: str, digest: Digest, attestations: Sequence[ScanAttestation], policy_hash: str
) -> tuple[str, str]:
    """`refusal_of` an image by all that a state tells: what was promoted through the gate has passed it."""
    if any(p.image == name and p.digest == digest and p.gate == "on" for p in state.promotions):
        return "", ""
    return refusal_of(digest, state.image(name), attestations, policy_hash)
