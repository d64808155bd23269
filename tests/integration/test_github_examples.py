"""The projects of examples/github do what they say, with the real engine, registry and Trivy."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.delivering import with_origin
from tests.harness.github_examples import copied
from tests.harness.project import git

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stack

    Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.integration
PINNED = re.compile(r"image: (\S+)@(sha256:[0-9a-f]{64})")


def _example(name: str, root: Path, stack: Stack) -> Path:
    organisation = f"{stack.registry}/example-{secrets.token_hex(4)}"
    copied(name, root / name, organisation=organisation, database=stack.database)
    with_origin(root / name, root / f"{name}.git")
    return root / name


def _images(root: Path) -> dict[str, Any]:
    images: dict[str, Any] = json.loads((root / ".ci-toolkit/state.json").read_text())["images"]
    return images


def _pinned(root: Path) -> dict[str, str]:
    """The digest in each manifest."""
    texts = {path.relative_to(root).as_posix(): path.read_text() for path in root.glob("deploy/**/*.yaml")}
    return {name: found[2] for name, text in texts.items() if (found := PINNED.search(text))}


def test_one_job_builds_scans_pushes_and_pins(tmp_path: Path, stack: Stack, run_command: Run) -> None:
    root = _example("one-job", tmp_path, stack)
    built = git(root, "rev-parse", "--short=7", "HEAD")
    done = run_command("run", cwd=root)
    assert done.returncode == 0, done.stderr
    shop = _images(root)["shop"]
    assert shop["verdict"] == "pass"
    assert _pinned(root) == {"deploy/shop.yaml": shop["digest"]}
    tags = {f"sha-{built}", "1.0.0", "latest"}
    assert {tag.rpartition(":")[2] for tag in shop["tags"]} == tags


def test_the_steps_apart_hand_on_what_they_know(tmp_path: Path, stack: Stack, run_command: Run) -> None:
    root = _example("steps-apart", tmp_path, stack)
    for steps in ("build,tag", "scan,sarif", "push", "pin"):
        done = run_command("run", "--steps", steps, cwd=root)
        assert done.returncode == 0, done.stderr
    assert _pinned(root) == {"deploy/shop.yaml": _images(root)["shop"]["digest"]}


def test_each_of_several_images_is_delivered_by_itself(tmp_path: Path, stack: Stack, run_command: Run) -> None:
    for image, other in (("api", "web"), ("web", "api")):
        root = _example("several-images", tmp_path / image, stack)
        done = run_command("run", "--image", image, cwd=root)
        assert done.returncode == 0, done.stderr
        assert other not in _images(root)
        assert _pinned(root) == {f"deploy/{image}.yaml": _images(root)[image]["digest"]}


def test_promotion_brings_one_digest_to_staging_and_production(tmp_path: Path, stack: Stack, run_command: Run) -> None:
    root = _example("promotion", tmp_path, stack)
    for command in (
        ("run", "--steps", "build,tag"),
        ("run", "--steps", "scan,sarif"),
        ("run", "--steps", "push"),
        ("run", "--steps", "pin"),
        ("promote", "staging"),
        ("promote", "production"),
    ):
        done = run_command(*command, cwd=root)
        assert done.returncode == 0, done.stderr
    digest = _images(root)["shop"]["digest"]
    assert _pinned(root) == {"deploy/staging/shop.yaml": digest, "deploy/production/shop.yaml": digest}


def test_the_pipelines_state_alone_is_enough_after_the_push(tmp_path: Path, stack: Stack, run_command: Run) -> None:
    root = _example("promotion", tmp_path, stack)
    assert run_command("run", "--steps", "build,tag,scan,push", cwd=root).returncode == 0
    elsewhere = tmp_path / "another-runner"
    git(tmp_path, "clone", "--quiet", f"{root}.git", str(elsewhere))
    (elsewhere / ".ci-toolkit").mkdir()
    (elsewhere / ".ci-toolkit/state.json").write_bytes((root / ".ci-toolkit/state.json").read_bytes())
    for command in (("run", "--steps", "pin"), ("promote", "staging")):
        done = run_command(*command, cwd=elsewhere)
        assert done.returncode == 0, done.stderr
    assert _pinned(elsewhere) == {"deploy/staging/shop.yaml": _images(root)["shop"]["digest"]}
