"""What manifests and file names hold is never a command, a link or a crash of `ci-toolkit lint`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.harness.gitlab_reports import read_quality
from tests.harness.linting import Linting, pod

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

EVIL = "\n::error::owned\n##[group]owned\x1b[31m\u2028\u202e"


@pytest.fixture
def lint(tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Linting:
    return Linting(tmp_path, run_command)


@pytest.mark.parametrize("environment", ["", "true"])
@pytest.mark.parametrize("image", [f"${EVIL}", f"nginx{EVIL}", f"nginx:{EVIL}", "x" * 100_000 + EVIL])
def test_words_of_manifests(lint: Linting, image: str, environment: str) -> None:
    lint.write("app.yaml", pod(image))
    done = lint("app.yaml", "-v", code=0 if "$" in image else 1, env={"GITHUB_ACTIONS": environment})
    for stream in (done.stdout, done.stderr):
        assert "\x1b" not in stream
        assert "\u202e" not in stream
        assert "##[" not in stream
        assert not any(line.startswith("::error::owned") for line in stream.splitlines())
        assert len(stream) < 10_000


def test_names_of_files(lint: Linting) -> None:
    lint.write("deploy/x" + EVIL.replace("/", "") + ".yaml", pod("nginx"))
    os.rename(  # noqa: PTH104 a name of bytes
        bytes(lint.write("deploy/y.yaml", pod("nginx"))), bytes(lint.root) + b"/deploy/\xff.yaml"
    )
    report = lint.report("deploy", code=1)
    assert report["files"] == 2
    for environment in ("", "true"):
        page = lint.write("page.md", "")
        env = {"GITHUB_ACTIONS": environment, "GITHUB_STEP_SUMMARY": str(page)}
        done = lint("deploy", "--sarif", "lint.sarif", "--code-quality", "quality.json", code=1, env=env)
        assert len(read_quality((lint.root / "quality.json").read_bytes())) == 2
        for stream in (done.stdout, done.stderr, page.read_text()):
            assert "\x1b" not in stream
            assert not any(line.startswith("::error::owned") for line in stream.splitlines())


def test_links_and_pipes_are_not_followed(lint: Linting, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = Linting(tmp_path / "inside", lint.command)
    lint.write("outside/app.yaml", pod("nginx"))
    inside.write("deploy/good.yaml", pod("nginx:1@sha256:" + "0" * 64))
    (inside.root / "deploy/link.yaml").symlink_to(outside / "app.yaml")
    (inside.root / "deploy/below").symlink_to(outside)
    os.mkfifo(inside.root / "deploy/pipe.yaml")
    assert inside.report("deploy")["files"] == 1
    assert inside.broken("deploy/pipe.yaml", code=1) == [("error", "unreadable")]


def test_a_file_of_more_than_8_mib(lint: Linting) -> None:
    lint.write("deploy/big.yaml", b"#" * (8 * 1024 * 1024 + 1))
    assert lint.broken("deploy") == [("warning", "unreadable")]


def test_more_remarks_than_github_takes_are_lines(lint: Linting) -> None:
    lint.write("app.yaml", pod(*["nginx"] * 30))
    done = lint("app.yaml", code=1, env={"GITHUB_ACTIONS": "true"})
    lines = done.stderr.splitlines()
    assert sum(line.startswith("::error") for line in lines) == 10
    assert sum("app.yaml:" in line for line in lines if not line.startswith("::")) == 21
    assert lines[-1].startswith("::error::lint: 30 errors")
