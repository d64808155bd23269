"""An image as it is printed for a log."""

from __future__ import annotations

import io

from ci_toolkit.model.attached import Artifact
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.image_view import AttestationView, ImageView, PlatformView
from ci_toolkit.model.oci import OCI_INDEX, OCI_MANIFEST, Descriptor
from ci_toolkit.report.image import print_image

ROOT, AMD, STATEMENT, SBOM = (Digest.of(text) for text in (b"root", b"amd", b"statement", b"sbom"))
VIEW = ImageView(
    reference="ghcr.io/acme/app:1.0",
    root=Descriptor(OCI_INDEX, ROOT, 500),
    platforms=(
        PlatformView(platform="linux/amd64", digest=AMD, size=12_345_678, layers=3, created="2026-01-02T03:04:05Z"),
    ),
    attestations=(
        AttestationView(digest=STATEMENT, platform="linux/amd64", predicates=("https://slsa.dev/provenance/v1",)),
    ),
    attached=(
        Artifact(subject=AMD, descriptor=Descriptor(OCI_MANIFEST, SBOM, 3), artifact_type="application/spdx+json"),
        Artifact(subject=ROOT, descriptor=Descriptor(OCI_MANIFEST, SBOM, 3), tag="sha256-x.sig"),
    ),
    annotations={"org.opencontainers.image.title": "app\x1b[31m ::error::no"},
)


def printed(view: ImageView, width: int = 240) -> str:
    stream = io.StringIO()
    print_image(view, stream, color=False, width=width)
    return stream.getvalue()


def test_everything_is_there_and_no_line_is_broken() -> None:
    lines = [line.split() for line in printed(VIEW).splitlines() if line]
    assert ["digest", str(ROOT)] in lines
    assert ["linux/amd64", str(AMD), "12.3", "MB", "3", "2026-01-02T03:04:05Z"] in lines
    assert ["linux/amd64", str(STATEMENT), "provenance", "(SLSA)"] in lines
    assert ["linux/amd64", str(SBOM), "SBOM", "(SPDX)"] in lines
    assert ["the", "index", str(SBOM), "signature", "(cosign", "tag)"] in lines


def test_in_a_narrow_terminal_digests_are_short_except_the_images_own() -> None:
    text = printed(VIEW, width=100)
    assert str(ROOT) in text
    assert f"{AMD.short} " in text
    assert str(AMD) not in text


def test_what_an_image_says_of_itself_is_harmless() -> None:
    text = printed(VIEW)
    assert "\x1b" not in text
    assert "::error::" not in text


def test_sections_without_anything_are_left_out() -> None:
    text = printed(ImageView(reference="a", root=Descriptor(OCI_MANIFEST, ROOT, 1), platforms=()))
    assert [line for line in text.splitlines() if line and not line.startswith(" ")] == ["a"]


def test_for_machines() -> None:
    document = VIEW.as_json()
    assert document["platforms"][0]["size"] == 12_345_678
    assert [entry["kind"] for entry in document["attached"]] == ["SBOM (SPDX)", "signature (cosign tag)"]
    assert document["attestations"][0]["predicates"] == ["https://slsa.dev/provenance/v1"]
