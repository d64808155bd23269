"""The first config: it speaks of what the project holds, and the loader takes it as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.config.initial import write_initial
from tests.harness.configs import loaded

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.config.options import Config

_DEPLOYMENT = "kind: Deployment\nspec:\n  containers:\n    - image: {image}\n"


def _project(directory: Path, files: dict[str, str], remote: str | None = None) -> Config:
    for name, text in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    before = sorted(directory.rglob("*"))
    text = write_initial(directory, remote)
    assert sorted(directory.rglob("*")) == before
    return loaded(directory, text, {})


def _repositories(config: Config) -> dict[str, str]:
    return {name: str(image.repositories[0]) for name, image in config.images.items()}


def test_an_empty_directory(tmp_path: Path) -> None:
    root = tmp_path / "My App!"
    root.mkdir()
    config = _project(root, {})
    assert _repositories(config) == {"my-app": "oci:.ci-toolkit/registry/my-app"}
    assert "No Dockerfile was found" in (root / ".ci-toolkit.yml").read_text()


@pytest.mark.parametrize(
    ("remote", "repository"),
    [
        ("https://github.com/Acme/App.git", "ghcr.io/acme/app"),
        ("git@github.com:acme/app.git", "ghcr.io/acme/app"),
        ("ssh://git@github.com:22/acme/app", "ghcr.io/acme/app"),
        ("https://user:token@github.com/acme/app/", "ghcr.io/acme/app"),
        ("https://gitlab.com/group/sub/app.git", "registry.gitlab.com/group/sub/app"),
        ("https://git.example.com/acme/app.git", "oci:.ci-toolkit/registry/project"),
        ("https://github.com.evil.test/acme/app.git", "oci:.ci-toolkit/registry/project"),
        ("https://evil.test/github.com/acme/app.git", "oci:.ci-toolkit/registry/project"),
        ("/srv/git/github.com:acme/app.git", "oci:.ci-toolkit/registry/project"),
        ("../app.git", "oci:.ci-toolkit/registry/project"),
        ("https://github.com/ä/;id", "oci:.ci-toolkit/registry/project"),
        ("", "oci:.ci-toolkit/registry/project"),
        (None, "oci:.ci-toolkit/registry/project"),
    ],
)
def test_the_remote_says_the_registry(tmp_path: Path, remote: str | None, repository: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    config = _project(root, {"Dockerfile": "FROM scratch\n"}, remote)
    assert list(_repositories(config).values()) == [repository]
    assert "token" not in (root / ".ci-toolkit.yml").read_text()


def test_several_dockerfiles(tmp_path: Path) -> None:
    ours = ["Dockerfile", "services/api/Dockerfile", "tools/api/Containerfile", "no/Dockerfile", "1.10/Dockerfile"]
    ours += ["docker/Dockerfile", "web/Dockerfile", "web/Containerfile"]
    others = ["node_modules/x/Dockerfile", ".git/x/Dockerfile", "a/vendor/y/Dockerfile", "a*b/Dockerfile"]
    files = dict.fromkeys([*ours, "dienst ä ${HOME}/Dockerfile", *others], "FROM scratch\n")
    config = _project(tmp_path, files, "https://github.com/acme/app")
    contexts = {
        name: (i.context.relative_to(tmp_path).as_posix(), i.dockerfile.name) for name, i in config.images.items()
    }
    assert contexts == {
        "1-10": ("1.10", "Dockerfile"),
        "app": (".", "Dockerfile"),
        "app-4": (".", "Dockerfile"),
        "dienst-home": ("dienst ä ${HOME}", "Dockerfile"),
        "no": ("no", "Dockerfile"),
        "api": ("services/api", "Dockerfile"),
        "api-7": ("tools/api", "Containerfile"),
        "web": ("web", "Dockerfile"),
    }
    assert _repositories(config)["app"] == "ghcr.io/acme/app"
    assert _repositories(config)["api"] == "ghcr.io/acme/app/api"
    assert len(set(_repositories(config).values())) == len(config.images)


def test_manifests_are_pinned_and_name_the_repository(tmp_path: Path) -> None:
    config = _project(
        tmp_path,
        {
            "backend/Dockerfile": "FROM scratch\n",
            "nginx/Dockerfile": "FROM scratch\n",
            "app.yaml": _DEPLOYMENT.format(image="registry.example.com/team/backend:1.2"),
            "deploy/prod/web.yml": _DEPLOYMENT.format(image="nginx"),
            "deploy/prod/db.yml": _DEPLOYMENT.format(image='"postgres:16" # old'),
            "deploy/service.yaml": "kind: Service\n",
            "chart/templates/x.yaml": _DEPLOYMENT.format(image="{{ .Values.image }}"),
            "broken.yaml": "kind: Deployment\nimage: [",
            "binary.yaml": "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
        },
        "git@github.com:acme/shop.git",
    )
    assert [(entry.files, entry.images) for entry in config.pin] == [(("app.yaml",), ("backend",))]
    assert _repositories(config) == {
        "backend": "registry.example.com/team/backend",
        "nginx": "ghcr.io/acme/shop/nginx",
    }


def test_a_pin_that_would_find_nothing_is_a_comment(tmp_path: Path) -> None:
    files = {"Dockerfile": "FROM scratch\n", "deploy/db.yaml": _DEPLOYMENT.format(image="postgres:16")}
    config = _project(tmp_path, files, "git@github.com:acme/shop.git")
    assert config.pin == ()
    text = (tmp_path / ".ci-toolkit.yml").read_text()
    assert "# Those found name none of these images" in text
    assert '#   - files: ["deploy/*.yaml"]' in text


def test_every_directory_of_manifests_once(tmp_path: Path) -> None:
    files = {f"deploy/{name}.yaml": _DEPLOYMENT.format(image="ghcr.io/acme/shop:1") for name in ("a/x", "a/y", "b/z")}
    config = _project(tmp_path, {"Dockerfile": "FROM scratch\n", **files}, "git@github.com:acme/shop.git")
    assert [(entry.files, entry.images) for entry in config.pin] == [
        (("deploy/a/*.yaml", "deploy/b/*.yaml"), ("shop",))
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"VERSION": "1.2.3\n", "package.json": '{"version": "2.0.0"}'}, "VERSION"),
        ({"VERSION": "not yet\n", "package.json": '{"version": "2.0.0"}'}, "package.json"),
        ({"pyproject.toml": '[project]\nversion = "1.0"\n'}, "pyproject.toml"),
        ({"pyproject.toml": '[tool.poetry]\nversion = "1.0.0"\n'}, "pyproject.toml"),
        ({"pyproject.toml": '[project]\ndynamic = ["version"]\n'}, None),
        ({"pyproject.toml": "[project\n"}, None),
        ({"package.json": "[1]"}, None),
        ({"package.json": "{"}, None),
        ({"app/VERSION": "1.2.3", "VERSION": "4.5.6"}, "app/VERSION"),
        ({"other/VERSION": "1.2.3"}, None),
    ],
)
def test_the_version_file(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    config = _project(tmp_path, {"app/Dockerfile": "FROM scratch\n", **files})
    assert config.images["app"].version_file == (tmp_path / expected if expected else None)


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "project"
    (outside / "x").mkdir(parents=True)
    (outside / "x" / "Dockerfile").write_text("FROM scratch\n")
    root.mkdir()
    (root / "link").symlink_to(outside)
    (root / "Dockerfile").symlink_to(outside / "x" / "Dockerfile")
    config = _project(root, {})
    assert [image.dockerfile for image in config.images.values()] == [root / "app.Dockerfile"]


def test_ci_files_are_mentioned(tmp_path: Path) -> None:
    _project(tmp_path, {".gitlab-ci.yml": "", ".github/workflows/build.yaml": "", ".github/workflows/x.txt": ""})
    text = (tmp_path / ".ci-toolkit.yml").read_text()
    assert "# Found here: .github/workflows/build.yaml" in text
    assert "# Found here: .gitlab-ci.yml" in text
    assert "x.txt" not in text
