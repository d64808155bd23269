"""What a scan's TARGET means."""

from __future__ import annotations

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.model.scan_source import ScanSource

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("ghcr.io/acme/app", "registry", "ghcr.io/acme/app:latest"),
        ("ghcr.io/acme/app:1.4", "registry", "ghcr.io/acme/app:1.4"),
        (f"nginx@{DIGEST}", "registry", f"docker.io/library/nginx@{DIGEST}"),
        ("docker:app:dev", "engine", "app:dev"),
        ("docker.io/library/docker:28", "registry", "docker.io/library/docker:28"),
        ("out/app.tar", "archive", "out/app.tar"),
        ("/tmp/app.TGZ", "archive", "/tmp/app.TGZ"),
        ("app.tar.gz", "archive", "app.tar.gz"),
        ("oci:out/app", "layout", "out/app"),
        ("oci:/out", "layout", "/out"),
    ],
)
def test_a_target_says_what_it_is(text: str, kind: str, place: str) -> None:
    source = ScanSource.parse(text)
    assert (source.kind, source.place, source.text) == (kind, place, text)


@pytest.mark.parametrize(
    ("text", "place", "tag", "digest"),
    [
        ("oci:out/app:1.4", "out/app", "1.4", None),
        (f"oci:out/app@{DIGEST}", "out/app", None, DIGEST),
        (f"oci:out/app:1.4@{DIGEST}", "out/app", "1.4", DIGEST),
        ("oci:out:5000/app", "out:5000/app", None, None),
    ],
)
def test_a_layouts_image_has_a_tag_or_a_digest(text: str, place: str, tag: str | None, digest: str | None) -> None:
    source = ScanSource.parse(text)
    assert (source.place, source.tag, source.digest and str(source.digest)) == (place, tag, digest)


@pytest.mark.parametrize(
    "text",
    ["", "oci:", "oci:-x", "oci:a\nb", "docker:", "docker:--all", "--x", "https://x/y", f"oci:x@{DIGEST}0", "oci:x:-"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        ScanSource.parse(text)


@pytest.mark.parametrize("text", ["./image", "../image", "/srv/image"])
def test_a_path_alone_is_told_how_to_say_what_it_is(text: str) -> None:
    with pytest.raises(UsageError, match="is a path") as refused:
        ScanSource.parse(text)
    assert "`oci:DIR` is an OCI image layout" in refused.value.hint
