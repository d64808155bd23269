"""An image's version, from the git tag or its version file; the annotations made of the context."""

from __future__ import annotations

from pathlib import Path

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.model.context import CiContext
from ci_toolkit.steps.build_request import build_request
from ci_toolkit.steps.image_version import image_version, read_version
from tests.harness.builds import CONTEXT, REVISION, image_options

SRC = Path("/src")


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("VERSION", "\n v1.2.3 \nrest", "1.2.3"),
        ("VERSION", "\ufeff1.2.3-rc.1", "1.2.3-rc.1"),
        ("pyproject.toml", '[project]\nname = "x"\nversion = "2.0"\n', "2.0"),
        ("pyproject.toml", '[tool.poetry]\nversion = "2.0.1"\n', "2.0.1"),
        ("package.json", '{"version": "3.1.4"}', "3.1.4"),
        ("version.py", '"""Ours."""\n\n__version__ = "0.9.1"\n', "0.9.1"),
        ("version.py", "__version__: str = '0.9.1'  # not yet 1.0.0\n", "0.9.1"),
    ],
)
def test_version_files(tmp_path: Path, name: str, text: str, version: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_version(tmp_path / name) == version


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("VERSION", b""),
        ("VERSION", b"\xff\xfe"),
        ("VERSION", b"latest"),
        ("VERSION", b"1." * 600_000),
        ("pyproject.toml", b'[project]\ndynamic = ["version"]\n'),
        ("pyproject.toml", b"[project"),
        ("pyproject.toml", b"project = 1"),
        ("package.json", b'{"version": 3}'),
        ("package.json", b"[" * 100_000),
        ("version.py", b"__version__ = version()\n"),
        ("version.py", b'# __version__ = "1.0.0"\n'),
    ],
)
def test_a_version_file_without_a_version_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=name):
        read_version(tmp_path / name)


def test_a_missing_version_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="isn't there"):
        read_version(tmp_path / "VERSION")


def test_the_git_tag_goes_before_the_version_file(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text("1.0.0")
    image = image_options(SRC, version_file=tmp_path / "VERSION")
    assert image_version(image, CiContext(tag="v2.0.0")) == "2.0.0"
    assert image_version(image, CiContext(tag="nightly")) == "1.0.0"
    assert image_version(image_options(SRC), CiContext(tag="nightly")) is None


def test_what_is_known_becomes_labels_and_annotations_and_the_config_goes_before_it() -> None:
    title = "org.opencontainers.image.title"
    image = image_options(SRC, licenses="MIT", description="The API", labels={title: "mine"}, annotations={"x": "y"})
    request = build_request(image, CONTEXT, "1.2.3", Path("/elsewhere"))
    known = {
        "title": "app",
        "description": "The API",
        "url": "https://example.com/acme/app",
        "source": "https://example.com/acme/app",
        "revision": REVISION,
        "created": "2026-01-02T03:04:05Z",
        "version": "1.2.3",
        "licenses": "MIT",
    }
    described = {f"org.opencontainers.image.{key}": value for key, value in known.items()}
    assert request.annotations == {**described, "x": "y"}
    assert request.labels == {**described, title: "mine"}
    assert request.epoch == 1767323045


@pytest.mark.parametrize(
    ("workdir", "left_out"),
    [
        ("/src/.ci-toolkit", ".ci-toolkit"),
        ("/src/a/.ci", "a/.ci"),
        ("/srcs/.ci-toolkit", None),
        ("/.ci-toolkit", None),
        ("/src", None),
    ],
)
def test_a_workdir_below_the_context_is_left_out(workdir: str, left_out: str | None) -> None:
    assert build_request(image_options(SRC), CONTEXT, None, Path(workdir)).left_out == left_out


def test_outside_a_repository_nothing_is_invented() -> None:
    request = build_request(image_options(SRC), CiContext(), None, Path("/elsewhere"))
    assert request.annotations == {"org.opencontainers.image.title": "app"}
    assert request.epoch == 0
    assert build_request(image_options(SRC, reproducible=False), CONTEXT, None, Path("/x")).epoch is None
