"""Which files `ci-toolkit pin PATH` looks into, and which it never touches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.pinning import APP, DIGEST, Checkout, pod

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = f"--image={APP}@{DIGEST}"
PINNED = pod(f"{APP}@{DIGEST}")


@pytest.fixture
def checkout(tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Checkout:
    return Checkout(tmp_path / "project", run_command)


@pytest.mark.parametrize("name", ["a.yaml", "a.YML", "a.json", ".hidden.yml", ".config/deep/a.yaml"])
def test_files_that_are_looked_into(checkout: Checkout, name: str) -> None:
    checkout.write_file(name, pod(APP))
    assert checkout.pinned(IMAGE)["files"] == [name]
    assert checkout.read(name) == PINNED


@pytest.mark.parametrize("name", ["a.txt", ".git/a.yaml", "below/.git/a.yaml", ".hg/a.yaml", "x/.svn/a.yaml"])
def test_files_that_are_not(checkout: Checkout, name: str) -> None:
    checkout.write_file(name, pod(APP))
    checkout.write(there=pod(APP))
    assert checkout.pinned(IMAGE)["files"] == ["there.yaml"]
    assert checkout.read(name) == pod(APP)


def test_links_are_not_followed(checkout: Checkout, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.yaml").write_text(pod(APP), encoding="utf-8")
    checkout.write(there=pod(APP))
    (checkout.root / "link").symlink_to(outside)
    (checkout.root / "link.yaml").symlink_to(outside / "a.yaml")
    assert checkout.pinned(IMAGE)["files"] == ["there.yaml"]
    for path in ("link", "link.yaml", "link/a.yaml"):
        result = checkout.pin(IMAGE, path)
        assert result.returncode == 2, result.stderr
        assert "link" in result.stderr
    assert (outside / "a.yaml").read_text(encoding="utf-8") == pod(APP)


@pytest.mark.parametrize("path", ["..", "../outside", "/etc", "deploy/../..", ".git", ".git/config", ""])
def test_paths_that_lead_outside_are_refused(checkout: Checkout, path: str) -> None:
    checkout.write(deploy__app=pod(APP))
    result = checkout.pin(IMAGE, path)
    assert result.returncode == 2
    assert "next:" in result.stderr
    assert checkout.read("deploy/app.yaml") == pod(APP)


def test_in_a_directory_below_the_paths_are_its_own(checkout: Checkout) -> None:
    checkout.write(deploy__app=pod(APP), other__app=pod(APP))
    result = checkout.pin(IMAGE, ".", below="deploy")
    assert result.returncode == 0, result.stderr
    assert "deploy/app.yaml:4:" in result.stdout
    assert (checkout.read("deploy/app.yaml"), checkout.read("other/app.yaml")) == (PINNED, pod(APP))


def test_without_git_the_current_directory_is_enough(
    tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "a.yaml").write_text(pod(APP), encoding="utf-8")
    assert run_command("pin", IMAGE, "a.yaml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == PINNED


def test_a_file_that_is_too_large_is_skipped_or_refused_by_name(checkout: Checkout) -> None:
    checkout.write(there=pod(APP), large="#" * (8 * 1024 * 1024 + 1))
    (unreadable,) = checkout.pinned(IMAGE)["unreadable"]
    assert unreadable == {"file": "large.yaml", "reason": "has more than 8 MiB", "line": None, "column": None}
    assert checkout.pin(IMAGE, "large.yaml").returncode == 2


def test_many_files_are_shared_out_and_come_back_in_order(checkout: Checkout) -> None:
    names = [f"d{number % 7}/m{number:04}.yaml" for number in range(1000)]
    for number, name in enumerate(names):
        checkout.write_file(name, pod(f"{APP}:{number}" if number % 3 else "nginx", "redis"))
    document = checkout.pinned(IMAGE)
    assert document["looked_at"] == 1000
    assert document["files"] == sorted(name for number, name in enumerate(names) if number % 3)
    assert all(checkout.read(edit["file"]) == pod(edit["new"], "redis") for edit in document["edits"])
    checkout.write_file("d0/bad.yaml", f"image: [{APP}")
    (unreadable,) = checkout.pinned(IMAGE)["unreadable"]
    assert unreadable["file"] == "d0/bad.yaml"


def test_all_files_or_none(checkout: Checkout) -> None:
    for number in range(30):
        checkout.write_file(f"d{number}/a.yaml", pod(APP))
    checkout.write_file("z/large.yaml", pod(APP, *["nginx"] * 5000))
    before = {path: path.read_bytes() for path in checkout.root.rglob("*.yaml")}
    command = Path(sys.executable).parent / "ci-toolkit"
    script = f"ulimit -f 64; exec {command} pin {IMAGE}"
    result = subprocess.run(["bash", "-c", script], cwd=checkout.root, capture_output=True, text=True, check=False)
    assert result.returncode == 3, result.stderr
    assert "z/large.yaml: File too large" in result.stderr
    assert {path: path.read_bytes() for path in checkout.root.rglob("*.yaml")} == before
    assert not list(checkout.root.rglob(".ci-toolkit-*"))
