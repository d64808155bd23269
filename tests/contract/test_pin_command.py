"""`ci-toolkit pin` as a process: what may not be read or written is exit 2 with a reason, and quickly so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Pin = Callable[..., subprocess.CompletedProcess[str]]

IMAGE = "registry.invalid/acme/app"
POD = f"kind: Pod\nspec:\n  containers:\n    - image: {IMAGE}:0.9  # keep\n"
CONFIG = f"""\
version: 1
images:
  app:
    repositories: [{IMAGE}]
    tags: ["1.0.0"]
pin:
  - files: [FILES]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one manifest, and a file beside it that is none of its business."""
    root = tmp_path / "project"
    (root / "deploy").mkdir(parents=True)
    (root / "deploy/app.yaml").write_text(POD)
    (root / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "outside.yaml").write_text(POD)
    return root


@pytest.fixture
def plan(root: Path, run_command: Pin) -> Pin:
    """`plan(files)`: what `pin` would do with these files."""

    def run(files: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (root / ".ci-toolkit.yml").write_text(CONFIG.replace("FILES", files))
        return run_command("pin", "--dry-run", *arguments, cwd=root, timeout=20)

    return run


def test_the_plan_shows_every_place_and_writes_nothing(root: Path, plan: Pin) -> None:
    result = plan("deploy/*.yaml", "--format", "json")
    assert result.returncode == 0, result.stderr
    request, action = json.loads(result.stdout)["actions"]
    assert (request["method"], request["url"]) == (
        "HEAD",
        "https://registry.invalid/v2/acme/app/manifests/<first tag of app>",
    )
    assert action["path"] == "deploy/app.yaml"
    assert action["summary"] == (f"deploy/app.yaml:4: {IMAGE}:0.9 → {IMAGE}:<first tag of app>@<digest of app>")
    assert (root / "deploy/app.yaml").read_text() == POD


CI_FILES = {
    "Dockerfile": "ARG BASE=IMAGE\nFROM $BASE AS app\nFROM app\n",
    ".github/workflows/ci.yml": "jobs: { a: { container: IMAGE, steps: [{ uses: docker://IMAGE }] } }\n",
    ".gitlab-ci.yml": "variables: { I: IMAGE }\na: { image: $I, services: [{ name: IMAGE }] }\n",
}


def test_dockerfiles_and_the_files_of_ci_systems_are_planned_where_they_are_named(root: Path, plan: Pin) -> None:
    (root / ".github/workflows").mkdir(parents=True)
    for name, text in CI_FILES.items():
        (root / name).write_text(text.replace("IMAGE", f"{IMAGE}:0.9"))
    named = plan("Dockerfile, .github/workflows/*.yml, .gitlab-ci.yml", "--format", "json")
    assert named.returncode == 0, named.stderr
    paths = [action["path"] for action in json.loads(named.stdout)["actions"] if "path" in action]
    assert paths == [*[".github/workflows/ci.yml"] * 2, *[".gitlab-ci.yml"] * 2, "Dockerfile"]
    wildcard = plan("'**/*'", "--format", "json")
    assert [a["path"] for a in json.loads(wildcard.stdout)["actions"] if "path" in a] == ["deploy/app.yaml"]


@pytest.mark.parametrize(
    "files",
    [
        "../outside.yaml",
        "/etc/passwd",
        "deploy/../../outside.yaml",
        ".git/config",
        ".github/w*/*.yml",
        "deploy/none.yaml",
    ],
)
def test_paths_that_are_refused(root: Path, plan: Pin, files: str) -> None:
    (root / ".github/workflows").mkdir(parents=True)
    (root / ".github/workflows/ci.yml").write_text(POD)
    result = plan(files)
    assert result.returncode == 2
    assert files.removesuffix("w*/*.yml") in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("link", "to"), [("deploy/out.yaml", "../../outside.yaml"), ("deploy/out", "../..")])
def test_links_out_of_the_project_are_refused(root: Path, plan: Pin, link: str, to: str) -> None:
    (root / link).symlink_to(to)
    result = plan(f"{link}/outside.yaml" if "yaml" not in link else "deploy/*.yaml")
    assert result.returncode == 2
    assert "leads out of the project" in result.stderr


def test_what_was_seen_is_shown_with_its_place(root: Path, plan: Pin) -> None:
    (root / "deploy/app.yaml").write_text(POD.replace("acme/app", "acme/other"))
    result = plan("deploy/*.yaml")
    assert result.returncode == 2
    assert "deploy/app.yaml:4:14: registry.invalid/acme/other:0.9 (another image)" in result.stderr
    assert IMAGE in result.stderr


def test_values_and_compose_files_are_pinned_by_their_names_or_refused(root: Path, plan: Pin) -> None:
    values = root / "deploy/values.yaml"
    values.write_text(f"image: {{ repository: {IMAGE}, tag: '0.9' }}\n")
    (root / "deploy/compose.yml").write_text(f"services: {{ app: {{ image: '{IMAGE}:0.9' }} }}\n")
    result = plan("deploy/*", "--format", "json")
    assert result.returncode == 0, result.stderr
    places = [action["path"] for action in json.loads(result.stdout)["actions"] if "path" in action]
    assert places == ["deploy/app.yaml", "deploy/compose.yml", "deploy/values.yaml"]
    values.write_text(f"image: {{ repository: {IMAGE}, pullPolicy: Always }}\n")
    result = plan("deploy/*")
    assert result.returncode == 2
    assert "deploy/values.yaml:1:22: image.repository: no key is there to hold the digest: add" in result.stderr


def test_text_of_manifests_commands_no_ci_system(root: Path, plan: Pin) -> None:
    evil = 'kind: Pod\nspec: {containers: [{image: "x\\n::error::owned\\x1b[31m"}]}\n'
    (root / "deploy/app.yaml").write_text(evil)
    result = plan("deploy/*.yaml")
    assert result.returncode == 2
    assert "\x1b" not in result.stderr
    assert not any(line.strip().startswith("::") for line in result.stderr.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 30_000,
        "- " * 30_000,
        "kind: Pod\nspec: [",
        "kind: Pod\x00",
        "{{ if .Values.on }}\nkind: Pod\n{{ end }}\n",
    ],
)
def test_files_that_cannot_be_read_are_named(root: Path, plan: Pin, text: str) -> None:
    (root / "deploy/app.yaml").write_text(text)
    result = plan("deploy/app.yaml")
    assert result.returncode == 2
    assert "deploy/app.yaml:" in result.stderr
    assert "Traceback" not in result.stderr


def test_pin_without_a_push_says_what_to_do(root: Path, run_command: Pin) -> None:
    (root / ".ci-toolkit.yml").write_text(CONFIG.replace("FILES", "deploy/*.yaml"))
    result = run_command("pin", cwd=root, timeout=20)
    assert result.returncode == 2
    assert "no state" in result.stderr
    assert (root / "deploy/app.yaml").read_text() == POD
