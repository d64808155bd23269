"""`ci-toolkit scan` with a Trivy, a database or a disk that fails: exit 3 whatever is looked for, and never a pass."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness.built import Built, built
from tests.harness.fake_trivy import FakeTrivy, fake_trivy
from tests.harness.images import DEBIAN_12

Scan = Callable[[], "subprocess.CompletedProcess[str]"]
DATABASE = "localhost:9/trivy-db:2"
LAYER = {"Digest": "sha256:" + "1" * 64}
FOUND: dict[str, list[dict[str, Any]]] = {
    "Secrets": [{"RuleID": "github-pat", "Severity": "CRITICAL", "Match": "****", "StartLine": 1, "Layer": LAYER}],
    "Misconfigurations": [{"ID": "DS-0002", "Severity": "HIGH", "Status": "FAIL", "Message": "no USER"}],
    "Licenses": [{"Name": "GPL-3.0-only", "Severity": "HIGH", "PkgName": "readline"}],
}


@pytest.fixture
def trivy(tmp_path: Path) -> FakeTrivy:
    fake = fake_trivy(tmp_path / "bin")
    fake.serves(DATABASE, datetime.now(UTC) - timedelta(hours=1))
    return fake


@pytest.fixture
def checkout(tmp_path: Path) -> Built:
    return built(tmp_path / "app", DATABASE, [DEBIAN_12], scan="  timeout: 1m")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


@pytest.fixture
def scan(checkout: Built, env: dict[str, str], run_command: Callable[..., Any]) -> Scan:
    return lambda: run_command("scan", cwd=checkout.root, env=env)


def failed(done: subprocess.CompletedProcess[str], checkout: Built, said: str) -> None:
    assert (done.returncode, said in done.stderr) == (3, True), done.stderr
    assert "Traceback" not in done.stderr
    assert (checkout.app.verdict, checkout.app.scan, checkout.app.platform_verdicts) == (None, None, {})


def test_every_kind_counts_where_nothing_fails(scan: Scan, checkout: Built, trivy: FakeTrivy) -> None:
    trivy.finds(**FOUND)
    assert scan().returncode == 1
    assert checkout.app.blocking == (
        "github-pat Python (critical)",
        "DS-0002 image config (high)",
        "GPL-3.0-only readline (high)",
    )
    scanners = trivy.calls[-1]["flags"]["--scanners"]
    assert scanners == "vuln,secret,misconfig,license"


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("crash", "Trivy can't scan app linux/amd64: it exited with 1; its last lines:"),
        ("killed", "was killed by SIGKILL"),
        ("truncated", "is broken"),
        ("empty", "is broken"),
        ("no-report", "isn't there"),
        ("other-image", "is about image sha256:000"),
        ("other-schema", "has schema version 99"),
    ],
)
def test_a_trivy_that_fails(scan: Scan, checkout: Built, trivy: FakeTrivy, mode: str, said: str) -> None:
    assert scan().returncode == 0
    assert checkout.app.verdict == "pass"
    trivy.finds(**FOUND)
    trivy.behave(mode)
    failed(scan(), checkout, said)


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("system", [{}, {"GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true"}], ids=str)
def test_what_trivy_says_of_its_failure_is_told_once(
    checkout: Built,
    env: dict[str, str],
    trivy: FakeTrivy,
    run_command: Callable[..., Any],
    system: dict[str, str],
    quiet: bool,
) -> None:
    trivy.behave("crash")
    for form in ("table", "json"):
        arguments = ["scan", "--output", form, *(["--quiet"] if quiet else [])]
        done = run_command(*arguments, cwd=checkout.root, env={**env, **system})
        failed(done, checkout, "semaphore acquire: context deadline exceeded")
        assert done.stderr.count("semaphore acquire") == 1, done.stderr


@pytest.mark.parametrize("kind", FOUND)
@pytest.mark.parametrize("broken", ["none", 1, {"a": 1}, ["none"], [None], [{"Status": "FAIL"}]], ids=str)
def test_findings_of_no_shape(scan: Scan, checkout: Built, trivy: FakeTrivy, kind: str, broken: object) -> None:
    trivy.finds(**{kind: broken})
    failed(scan(), checkout, "is broken")


def test_no_trivy_and_no_engine(checkout: Built, env: dict[str, str], run_command: Callable[..., Any]) -> None:
    git = shutil.which("git")
    assert git
    (checkout.root.parent / "bare").mkdir()
    (checkout.root.parent / "bare/git").symlink_to(git)
    done = run_command("scan", cwd=checkout.root, env={**env, "PATH": str(checkout.root.parent / "bare")})
    failed(done, checkout, "there is no `trivy` on PATH")


@pytest.mark.parametrize(
    ("served", "said"),
    [
        (None, "OCI repository error"),
        ({"filled": False}, "the database is empty"),
        ({"updated": datetime.now(UTC) - timedelta(days=9)}, "was made 9 days ago, and 48.0 h are allowed"),
        ({"Version": 3}, "schema 3"),
    ],
)
def test_a_database_that_cannot_be_relied_on(
    scan: Scan, checkout: Built, tmp_path: Path, served: dict[str, Any] | None, said: str
) -> None:
    fake = fake_trivy(tmp_path / "bin")
    if served is not None:
        fake.serves(DATABASE, **{"updated": datetime.now(UTC), **served})
    failed(scan(), checkout, said)


@pytest.mark.parametrize("blocks", [0, 1, 16])
def test_a_disk_that_is_full(scan: Scan, checkout: Built, env: dict[str, str], trivy: FakeTrivy, blocks: int) -> None:
    state = checkout.root / ".ci-toolkit/state.json"
    assert scan().returncode == 0
    before = state.read_bytes()
    assert 1024 < len(before) < 16 * 512
    trivy.finds(Misconfigurations=[{**FOUND["Misconfigurations"][0], "Message": "x" * 16 * 512}])
    command = shlex.join([str(Path(sys.executable).parent / "ci-toolkit"), "scan"])
    done = subprocess.run(
        ["sh", "-c", f"ulimit -S -f {blocks}; exec {command}"],
        cwd=checkout.root,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert "can't write" in done.stderr
    if blocks == 16:
        assert checkout.app.verdict is None
    else:
        assert state.read_bytes() == before
