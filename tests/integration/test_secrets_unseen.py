"""A secret that the image holds stands in no report, no log and no other file of ours, the scanner's own included."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.harness.built import Built, built
from tests.harness.flawed import ACCESS_KEY, CREATED_BY, ENV, LAYERS, TOKEN

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stack

PLATFORMS: dict[str, dict[str, str]] = {
    "a shell": {},
    "GitHub": {"GITHUB_ACTIONS": "true"},
    "GitLab": {"GITLAB_CI": "true"},
}
FILES = ("summary.md", "outputs")
"""GitHub's, for a job to write to."""


@pytest.fixture
def checkout(tmp_path: Path, stack: Stack) -> Built:
    return built(tmp_path / "app", stack.database, LAYERS, env=ENV, created_by=CREATED_BY)


@pytest.fixture
def env(tmp_path: Path, stack: Stack) -> dict[str, str]:
    for name in FILES:
        (tmp_path / name).touch()
    return {
        "PATH": f"{stack.trivy.parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "CI": "true",
        "CI_PROJECT_DIR": str(tmp_path / "app"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_report_and_no_line_shows_a_secret(
    checkout: Built,
    env: dict[str, str],
    platform: str,
    run_command: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    env |= PLATFORMS[platform]
    commands = (["scan", "-v"], ["scan", "--output", "json"], ["sarif"], ["run", "--steps", "scan,sarif"])
    said = ""
    for command in commands:
        done = run_command(*command, cwd=checkout.root, env=env)
        assert done.returncode == (0 if command == ["sarif"] else 1), done.stderr
        said += done.stdout + done.stderr
    files = {file.name: file.read_text(encoding="utf-8") for file in checkout.written()}
    files |= {name: (tmp_path / name).read_text(encoding="utf-8") for name in FILES}
    assert {"report.html", "findings.json", "trivy.sarif", "trivy-linux-amd64.json", "cyclonedx.json"} <= files.keys()
    assert "github-pat" in said
    shown = [name for name, text in {**files, "what was said": said}.items() if TOKEN in text or ACCESS_KEY in text]
    assert shown == []


def test_what_is_kept_of_the_scanners_report_says_the_rest(
    checkout: Built, env: dict[str, str], run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    run_command("scan", cwd=checkout.root, env=env)
    kept = json.loads((checkout.root / checkout.app.reports["trivy linux/amd64"]).read_text(encoding="utf-8"))
    assert kept["SchemaVersion"] == 2
    assert kept["Metadata"]["OS"] == {"Family": "debian", "Name": "12.5"}
    checks = {
        (result["Target"], item["ID"]): item
        for result in kept["Results"]
        for item in result.get("Misconfigurations", ())
    }
    assert checks["app/pod.yaml", "KSV-0017"]["Message"].startswith("Container 'web' of Pod 'web' should set")
    assert checks["app/Dockerfile", "DS-0021"]["Title"] == "'apt-get' missing '-y' to avoid manual input"
    lines = [s["Match"] for result in kept["Results"] for s in result.get("Secrets", ())]
    assert any("ACCESS = " in line for line in lines)
