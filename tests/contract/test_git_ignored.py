"""What git ignores is left out where `pin` and `lint` walk through directories, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.pinning import APP, DIGEST, Checkout, pod
from tests.harness.project import git

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

IMAGE = f"--image={APP}@{DIGEST}"


@pytest.fixture
def checkout(tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Checkout:
    made = Checkout(tmp_path / "project", run_command)
    made.write_file(".gitignore", "node_modules/\n/.venv\n*.gen.yaml\n")
    made.write(deploy__app=pod(APP), deploy__node_modules__x__a=pod(APP))
    made.write_file(".venv/lib/a.yaml", pod(APP))
    made.write_file("deploy/a.gen.yaml", pod(APP))
    return made


def linted(checkout: Checkout, *paths: str, below: str = ".") -> list[str]:
    """The files in which lint finds something."""
    result = checkout.command("lint", "--quiet", *paths, cwd=checkout.root / below, env=checkout.env)
    return [line.partition(":")[0] for line in result.stdout.splitlines()]


def test_a_walk_leaves_out_what_git_ignores(checkout: Checkout) -> None:
    assert checkout.pinned(IMAGE, "--check", code=1)["files"] == ["deploy/app.yaml"]
    assert checkout.pinned(IMAGE, "--check", "deploy", code=1)["files"] == ["deploy/app.yaml"]
    assert linted(checkout) == ["deploy/app.yaml"]
    assert linted(checkout, "..", below="deploy") == ["app.yaml"]


def test_what_is_tracked_is_looked_into_whatever_gitignore_says(checkout: Checkout) -> None:
    git(checkout.root, "add", "--force", "deploy/node_modules/x/a.yaml", "deploy/a.gen.yaml")
    everything = ["deploy/a.gen.yaml", "deploy/app.yaml", "deploy/node_modules/x/a.yaml"]
    assert linted(checkout) == everything
    assert checkout.pinned(IMAGE)["files"] == everything


@pytest.mark.parametrize("path", [".venv", ".venv/lib", ".venv/lib/a.yaml"])
def test_what_is_named_is_looked_into_although_it_is_ignored(checkout: Checkout, path: str) -> None:
    assert linted(checkout, path) == [".venv/lib/a.yaml"]
    assert checkout.pinned(IMAGE, path)["files"] == [".venv/lib/a.yaml"]


def test_so_is_an_ignored_directory_that_one_stands_in(checkout: Checkout) -> None:
    assert linted(checkout, below=".venv/lib") == ["a.yaml"]
    result = checkout.pin(IMAGE, below=".venv/lib")
    assert (result.returncode, result.stdout.partition(":")[0]) == (0, ".venv/lib/a.yaml")


def test_a_checkout_inside_another_has_its_own_list(checkout: Checkout) -> None:
    checkout.write(inner__app=pod(APP), inner__node_modules__a=pod(APP), inner__only__a=pod(APP))
    git(checkout.root / "inner", "init", "-q")
    checkout.write_file("inner/.gitignore", "only\n")
    inner = ["inner/app.yaml", "inner/node_modules/a.yaml"]
    assert checkout.pinned(IMAGE, "--check", "inner", code=1)["files"] == inner
    assert linted(checkout, "inner") == inner


def test_names_are_no_patterns(checkout: Checkout) -> None:
    checkout.write_file("*/a.yaml", pod(APP))
    assert checkout.pinned(IMAGE, "--check", "*", code=1)["files"] == ["*/a.yaml"]
    checkout.write_file(":(top)/node_modules/b.yaml", pod(APP))
    checkout.write_file(":(top)/b.yaml", pod(APP))
    assert checkout.pinned(IMAGE, "--check", ":(top)", code=1)["files"] == [":(top)/b.yaml"]


def test_without_git_everything_is_looked_into(checkout: Checkout, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    checkout.env["PATH"] = str(empty)
    assert len(checkout.pinned(IMAGE, "--check", code=1)["files"]) == 4


def test_no_program_of_the_checkout_runs(checkout: Checkout) -> None:
    spy = checkout.write_file("spy", "#!/bin/sh\ntouch ran\n")
    spy.chmod(0o755)
    git(checkout.root, "config", "core.fsmonitor", str(spy))
    assert checkout.pinned(IMAGE, "--check", code=1)["files"] == ["deploy/app.yaml"]
    assert not (checkout.root / "ran").exists()
