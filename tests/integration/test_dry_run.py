"""A dry run touches nothing: no engine, no registry, no file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.project import make_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.project import Project

Completed = subprocess.CompletedProcess[str]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The example, pointing at hosts where nobody answers."""
    return make_project(tmp_path / "hello", "registry.invalid/acme/hello", "registry.invalid/trivy-db:2")


@pytest.fixture
def no_tools(tmp_path: Path) -> dict[str, str]:
    """A PATH on which there is git alone."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(shutil.which("git") or "git")
    return {"PATH": str(tmp_path / "bin"), "DOCKER_HOST": "unix:///nowhere.sock"}


def tree(root: Path) -> dict[Path, tuple[int, int]]:
    """Every file with its size and time, git's own aside."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if ".git" not in path.relative_to(root).parts
    }


def test_a_dry_run_needs_no_tool_and_writes_nothing(
    project: Project, no_tools: dict[str, str], run_command: Callable[..., Completed]
) -> None:
    before = tree(project.root)
    result = run_command("run", "--dry-run", cwd=project.root, env=no_tools)
    assert result.returncode == 0, result.stderr
    assert tree(project.root) == before
    for word in (
        "docker buildx build",
        "linux/arm64",
        "trivy",
        "PUT https://registry.invalid/v2/acme/hello/manifests/1.0.0",
    ):
        assert word in result.stdout


def test_it_opens_no_connection_and_starts_git_alone(project: Project, tmp_path: Path) -> None:
    import sys

    executable = Path(sys.executable).parent / "ci-toolkit"
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-q", "-e", "trace=connect,execve", "-o", trace, executable, "plan"],
        cwd=project.root,
        check=True,
        capture_output=True,
    )
    lines = trace.read_text().splitlines()
    assert not [line for line in lines if "AF_INET" in line]
    assert not [line for line in lines if "connect(" in line and ".sock" in line]
    started = {line.split('execve("')[1].split('"')[0] for line in lines if 'execve("' in line and "= 0" in line}
    assert {Path(name).name for name in started} <= {"ci-toolkit", "python", "python3", "git", *_interpreters()}


def test_the_plan_as_json_has_every_action_in_order(project: Project, run_command: Callable[..., Completed]) -> None:
    result = run_command("plan", "--format", "json", cwd=project.root)
    assert result.returncode == 0, result.stderr
    actions = json.loads(result.stdout)["actions"]
    steps = [action["step"] for action in actions]
    assert list(dict.fromkeys(steps)) == ["build", "tag", "scan", "push", "sarif", "pin"]
    requests = [action for action in actions if action["kind"] == "request" and action["method"] == "PUT"]
    tags = [a["url"].rpartition("/")[2] for a in requests if "/manifests/" in a["url"] and "<" not in a["url"]]
    assert tags[:1] == ["1.0.0"]
    assert tags[-1] == "latest"
    assert requests[-1]["url"].endswith("/manifests/latest"), "tags come last"


def _interpreters() -> set[str]:
    import sys

    return {Path(sys.executable).name, Path(sys.executable).resolve().name}
