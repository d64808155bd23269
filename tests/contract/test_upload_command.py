"""`ci-toolkit sarif` in a GitHub job, from its variables to what GitHub gets, and what a user reads."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit import state as states
from tests.harness.built import scanned
from tests.harness.code_scanning import GitHub
from tests.harness.findings import URLLIB3, image, platform
from tests.harness.github_runner import read_log
from tests.harness.project import git
from tests.harness.proxy import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Completed = subprocess.CompletedProcess[str]
CONFIG = """\
version: 1
images:
  backend:
    repositories: ["oci:out/app"]
    tags: [fixed]
"""


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(pending=0).running() as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose image was scanned."""
    return scanned(tmp_path, CONFIG, image(platform(URLLIB3)))


@pytest.fixture
def run(root: Path, github: GitHub, run_command: Callable[..., Completed]) -> Iterator[Callable[..., Completed]]:
    """The command in a job on main; whatever it prints or writes, the token isn't in it."""
    shown: list[str] = []

    def command(*arguments: str, **env: str) -> Completed:
        job = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_SHA": git(root, "rev-parse", "HEAD"),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/app",
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": github.token,
            "GITHUB_EVENT_PATH": "",
        }
        result = run_command(*arguments, cwd=root, env={**job, **env})
        shown.extend([result.stdout, *read_log(result.stderr).lines])
        return result

    yield command
    written = [file.read_text() for file in (root / ".ci-toolkit").rglob("*") if file.is_file()]
    assert github.token not in "\n".join([*shown, *written])


def upload(root: Path) -> dict[str, object]:
    document = json.loads((root / ".ci-toolkit/state.json").read_text())
    found: dict[str, object] = document["images"]["backend"].get("code_scanning", {})
    return found


def test_a_job_uploads_and_says_where_to_look(run: Callable[..., Completed], root: Path, github: GitHub) -> None:
    result = run("sarif", "-v")
    assert result.returncode == 0, result.stderr
    assert "backend: code scanning has it: https://github.com/acme/app/security/code-scanning?" in result.stderr
    assert "code scanning" in result.stdout
    [accepted] = github.accepted
    assert accepted.body["commit_sha"] == git(root, "rev-parse", "HEAD")
    assert upload(root)["status"] == "complete"
    assert states.read(root / ".ci-toolkit/state.json").image("backend").code_scanning is not None


def test_flag_stands_above_config(run: Callable[..., Completed], root: Path, github: GitHub) -> None:
    never = CONFIG + "sarif: { upload: never }\n"
    (root / ".ci-toolkit.yml").write_text(never, encoding="utf-8")
    assert run("sarif").returncode == 0
    assert (github.server.seen, upload(root)) == ([], {})
    github.enabled = False
    assert run("sarif", "--upload-sarif", "auto").returncode == 0
    assert upload(root)["status"] == "skipped"
    assert run("sarif", "--upload-sarif", "always").returncode == 4
    assert run("sarif").returncode == 0
    assert upload(root) == {}, "what an earlier run was told isn't this run's"


def test_a_missing_permission_is_a_word_or_exit_2(run: Callable[..., Completed], github: GitHub) -> None:
    github.permitted = False
    result = run("sarif")
    assert result.returncode == 0
    assert "not uploaded to code scanning: skipped because the token lacks `security-events: write`" in result.stderr
    result = run("sarif", "--upload-sarif", "always")
    assert result.returncode == 2
    assert "next: give the job `permissions: security-events: write`" in result.stderr


def test_a_rejected_report_is_exit_4_and_kept(run: Callable[..., Completed], root: Path, github: GitHub) -> None:
    github.fault("POST", answers(422, {}, b'{"message": "Invalid SARIF"}'))
    result = run("sarif")
    assert result.returncode == 4
    assert "::error::GitHub rejects the SARIF: Invalid SARIF" in result.stderr
    assert upload(root)["status"] == "failed"


def test_outside_of_github_auto_says_nothing_and_always_is_a_mistake(
    run: Callable[..., Completed], root: Path, github: GitHub
) -> None:
    result = run("sarif", GITHUB_ACTIONS="")
    assert (result.returncode, "code scanning" in result.stderr) == (0, False)
    assert "no GitHub job" in run("sarif", "-v", GITHUB_ACTIONS="").stderr
    result = run("sarif", "--upload-sarif", "always", GITHUB_ACTIONS="")
    assert result.returncode == 2
    assert "this is no GitHub job" in result.stderr
    assert github.server.seen == []
    assert (root / ".ci-toolkit/reports/backend/trivy.sarif").is_file(), "the report is written all the same"


def test_a_plan_shows_the_requests(run: Callable[..., Completed], github: GitHub) -> None:
    result = run("sarif", "--dry-run")
    assert result.returncode == 0
    assert f"POST {github.url}/repos/acme/app/code-scanning/sarifs" in result.stdout
    assert "GITHUB_TOKEN isn't set" in run("run", "--steps", "sarif", "--dry-run", GITHUB_TOKEN="").stdout
    assert "code scanning" not in run("sarif", "--dry-run", GITHUB_ACTIONS="").stdout
    assert github.server.seen == []


def test_states_without_the_record_are_read(root: Path) -> None:
    file = root / ".ci-toolkit/state.json"
    known = states.read(file)
    assert known.image("backend").code_scanning is None
    record = states.CodeScanning(status="skipped", categories=("a/",), reason="none")
    states.write(file, known.with_image("backend", code_scanning=record))
    assert states.read(file).image("backend") == replace(known.image("backend"), code_scanning=record)
