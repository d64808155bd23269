"""Hostile values of a config's options: each is refused with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.configs import SMALL, image_of, refused, refused_image

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("word", ["1.10", "no", "Yes", "off", "true", "10", "0x1f", "1e3", ".inf", ".nan", "-1"])
def test_unquoted_where_text_is_needed(tmp_path: Path, word: str) -> None:
    (violation,) = refused_image(tmp_path, f"build-args: {{ A: {word} }}")
    assert violation.startswith(f"5:22: images.app.build-args.A: {word} is read as ")
    assert violation.endswith(" where text is needed: quote it")
    quoted = image_of(tmp_path, f'build-args: {{ A: "{word}" }}')
    assert quoted.images["app"].build_args == {"A": word}


@pytest.mark.parametrize("word", ["~", "null", ""])
def test_nothing_where_text_is_needed(tmp_path: Path, word: str) -> None:
    (violation,) = refused_image(tmp_path, f"target: {word}")
    assert "images.app.target: nothing is given where text is needed" in violation


@pytest.mark.parametrize(
    "text",
    ["-5m", "NaN", "nan", "inf", "0s", "0m0s", "367d", "999999999d999999999h", "9" * 400 + "h", "1.5h", "5", "m"],
)
def test_durations(tmp_path: Path, text: str) -> None:
    (violation,) = refused(tmp_path, SMALL + f'scan: {{ timeout: "{text}" }}\n')
    assert violation.startswith("5:18: scan.timeout: ")
    assert "duration" in violation


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "a/../../b", "~/x", "C:/x", "", " ", "a\\nb", "..", "a/.."]
)
@pytest.mark.parametrize("option", ["context", "version-file"])
def test_paths(tmp_path: Path, option: str, path: str) -> None:
    (violation,) = refused_image(tmp_path, f'{option}: "{path}"')
    assert violation.startswith(f"5:{7 + len(option)}: images.app.{option}: ")


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "../../x"])
def test_dockerfile_outside(tmp_path: Path, path: str) -> None:
    (violation,) = refused_image(tmp_path, f"context: a\ndockerfile: {path}")
    assert violation.startswith("6:17: images.app.dockerfile: ")


@pytest.mark.parametrize("pattern", ["../*.yaml", "/etc/*.yaml", "**/../../x", ".git/config", ".git/**", ""])
def test_patterns_of_manifests(tmp_path: Path, pattern: str) -> None:
    (violation,) = refused(tmp_path, SMALL + f'pin: [{{ files: ["{pattern}"] }}]\n')
    assert violation.startswith("5:17: pin[0].files[0]: ")


def test_symbolic_link_out_of_the_directory(tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    project.mkdir()
    (project / "link").symlink_to(outside)
    (project / "loop").symlink_to("loop")
    (project / "inside").symlink_to("real")
    violations = refused(
        project,
        "version: 1\nimages:\n  app:\n    context: link\n    version-file: link/VERSION\n"
        '    build-contexts: { x: link }\n    repositories: ["oci:link/registry"]\n',
    )
    assert [violation.split(": ")[1] for violation in violations] == [
        "images.app.context",
        "images.app.version-file",
        "images.app.build-contexts.x",
        "images.app.repositories[0]",
    ]
    assert image_of(project, "context: inside").images["app"].context == project / "inside"


@pytest.mark.parametrize(
    "reference",
    [
        "-rm",
        "--config=/etc/hostname",
        "ghcr.io/Acme/app",
        "ghcr.io/acme/app:tag",
        "ghcr.io/acme/app:" + "t" * 129,
        "ghcr.io/" + "n" * 255,
        "ghcr.io/acme/app@sha256:abc",
        "ghcr.io/acme/app@sha512:" + "a" * 128,
        "ghcr.io@evil.test/x",
        "user:password@ghcr.io/acme/app",
        "ghcr.io/acme/app\\nevil",
        "ghcr.io/acme/app\\n",
        "ghcr.io/acme/app;id",
        "ghcr.io/acme/$(id)",
        "gh\\u0441r.io/acme/app",
        "http://localhost:5000/app",
        "https://ghcr.io/acme/app",
        "",
        "oci:",
        "oci:-x",
        "oci:../registry",
        "oci:/var/registry",
    ],
)
def test_references(tmp_path: Path, reference: str) -> None:
    (violation,) = refused(tmp_path, SMALL.replace("ghcr.io/acme/app", f'"{reference}"'))
    assert violation.startswith("4:20: images.app.repositories[0]: ")
    assert "password" not in violation


@pytest.mark.parametrize(
    "reference", ["-x", "Ghcr.io/Acme/db", "ghcr.io/db:" + "t" * 129, "ghcr.io/db@sha256:a", "a b"]
)
def test_references_of_databases(tmp_path: Path, reference: str) -> None:
    (violation,) = refused(tmp_path, SMALL + f'scan: {{ database: {{ repositories: ["{reference}"] }} }}\n')
    assert violation.startswith("5:36: scan.database.repositories[0]: ")


@pytest.mark.parametrize(
    "host", ["ghcr.io/acme", "https://ghcr.io", "user@ghcr.io", "ghcr", "gh\\u0441r.io", "-x.io", ""]
)
def test_hosts(tmp_path: Path, host: str) -> None:
    violations = refused(tmp_path, SMALL + f'registries: {{ "{host}": {{}} }}\n')
    assert violations[0].startswith("5:15: ")
