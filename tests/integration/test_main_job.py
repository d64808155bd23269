"""The main job as a user runs it: example in, digest in the manifests out, on the real parts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.delivered import crane, tags_in
from tests.harness.project import Project, git

if TYPE_CHECKING:
    from collections.abc import Callable


Completed = subprocess.CompletedProcess[str]


@pytest.fixture
def run(project: Project, run_command: Callable[..., Completed]) -> Callable[..., Completed]:
    """`run("build", …)` in the project."""
    return lambda *arguments, **options: run_command(*arguments, cwd=project.root, **options)


def test_everything_from_dockerfile_to_manifest(project: Project, run: Callable[..., Completed]) -> None:
    result = run("run")
    assert result.returncode == 0, result.stderr
    image = project.image
    assert set(image["platforms"]) == {"linux/amd64", "linux/arm64"}
    assert image["verdict"] == "pass"
    assert image["tags"][0] == "1.0.0"
    assert "latest" in image["tags"]
    assert sorted(tags_in(project.repository)) == sorted(image["tags"])
    assert image["references"] == [f"{project.repository}:{tag}" for tag in image["tags"]]
    for reference in image["references"]:
        assert crane("digest", reference) == image["digest"]
    for platform, digest in image["platforms"].items():
        assert crane("digest", "--platform", platform, f"{project.repository}:1.0.0") == digest
        crane("validate", "--remote", f"{project.repository}@{digest}")
    pinned = re.findall(rb"(\S+@sha256:[0-9a-f]{64})", b"".join(project.manifests().values()))
    wanted = f"{project.repository}:1.0.0@{image['digest']}".encode()
    assert [text.strip(b"\"'") for text in pinned] == [wanted] * 3
    assert {(pin["file"], pin["new"]) for pin in project.state["pins"]} == {
        ("deploy/hello.yaml", wanted.decode()),
        ("deploy/service-and-jobs.yaml", wanted.decode()),
    }
    assert image["digest"] in result.stdout
    changed = git(project.root, "diff", "--stat").splitlines()
    assert changed[-1].strip() == "2 files changed, 3 insertions(+), 3 deletions(-)"


def test_a_second_run_moves_nothing(project: Project, run: Callable[..., Completed]) -> None:
    assert run("run").returncode == 0
    first, manifests = project.image, project.manifests()
    times = {path: path.stat().st_mtime_ns for path in (project.root / "deploy").iterdir()}
    result = run("run")
    assert result.returncode == 0, result.stderr
    assert project.image["digest"] == first["digest"]
    assert [(p["uploaded"], p["bytes"], p["tags_moved"]) for p in project.image["pushed"]] == [(0, 0, 0)]
    assert project.manifests() == manifests
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_another_checkout_finds_the_same_image_in_the_registry(
    project: Project, run: Callable[..., Completed], run_command: Callable[..., Completed], tmp_path: Path
) -> None:
    assert run("run").returncode == 0
    git(tmp_path, "clone", "-q", str(project.root), "other")
    other = Project(tmp_path / "other", project.repository)
    other.vendor(project.root / "site-packages")
    result = run_command("run", cwd=other.root)
    assert result.returncode == 0, result.stderr
    assert other.image["digest"] == project.image["digest"]
    assert [(p["uploaded"], p["tags_moved"]) for p in other.image["pushed"]] == [(0, 0)]


def test_the_gate_refuses_and_nothing_is_pushed(
    project: Project, run: Callable[..., Completed], packages: dict[str, Path]
) -> None:
    project.vendor(packages["vulnerable"])
    before = project.manifests()
    result = run("run")
    assert result.returncode == 1, result.stderr
    assert "CVE-2019-11324" in result.stderr
    assert tags_in(project.repository) == []
    assert project.manifests() == before
    assert project.image["verdict"] == "fail"
    assert project.image["findings"]["high"] > 0
    sarif = json.loads((project.root / project.image["reports"]["sarif"]).read_text())
    rules = {result["ruleId"] for run_ in sarif["runs"] for result in run_["results"]}
    assert any(rule.startswith("CVE-2019-11324") for rule in rules)
    found = run("scan", "--output", "json", "--quiet")
    assert found.returncode == 1
    document = json.loads(found.stdout)["hello"]
    assert document["verdict"] == "fail"
    assert document["counts"] == project.image["findings"]
    table = run("scan", "--quiet")
    assert re.search(r"^  !  high +ghsa +urllib3 +1\.24\.1 +1\.24\.2 +CVE-2019-11324", table.stdout, re.MULTILINE)
    refused = run("push")
    assert refused.returncode == 1
    assert tags_in(project.repository) == []


def test_the_gate_is_passed_over_only_loudly(
    project: Project, run: Callable[..., Completed], packages: dict[str, Path]
) -> None:
    project.vendor(packages["vulnerable"])
    result = run("run", "--no-gate")
    assert result.returncode == 0, result.stderr
    assert "gate" in result.stderr
    assert project.image["gate"] == "overridden"
    assert "latest" in tags_in(project.repository)


def test_step_by_step_is_the_same_job(project: Project, run: Callable[..., Completed]) -> None:
    for step in ("build", "tag", "scan", "push", "sarif", "pin"):
        result = run(step)
        assert result.returncode == 0, f"{step}: {result.stderr}"
    assert crane("digest", f"{project.repository}:1.0.0") == project.image["digest"]
    assert run("pin", "--check").returncode == 0


def test_pin_check_says_no_before_and_yes_after(project: Project, run: Callable[..., Completed]) -> None:
    assert run("run", "--steps", "build,tag,scan,push").returncode == 0
    before = project.manifests()
    result = run("pin", "--check", "--diff")
    assert result.returncode == 1
    assert f"+          image: {project.repository}:1.0.0@{project.image['digest']}   # digest" in result.stdout
    assert project.manifests() == before


def test_a_step_refuses_a_state_of_another_revision(project: Project, run: Callable[..., Completed]) -> None:
    assert run("run", "--steps", "build,tag,scan").returncode == 0
    project.commit("something else")
    result = run("push")
    assert result.returncode == 5
    assert "revision" in result.stderr
    assert tags_in(project.repository) == []


def test_a_step_refuses_a_layout_that_changed(project: Project, run: Callable[..., Completed]) -> None:
    assert run("run", "--steps", "build,tag,scan").returncode == 0
    layout = project.root / project.image["layout"]
    blob = max((layout / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(data)
    result = run("push")
    assert result.returncode == 5, result.stderr
    assert tags_in(project.repository) == []


def test_a_changed_policy_wants_a_new_scan(project: Project, run: Callable[..., Completed]) -> None:
    assert run("run", "--steps", "build,tag,scan").returncode == 0
    config = project.root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace("severity: high", "severity: low"))
    result = run("push")
    assert result.returncode == 1
    assert "scan" in result.stderr
    assert tags_in(project.repository) == []


def test_a_killed_push_is_finished_by_the_next_run(project: Project, run: Callable[..., Completed]) -> None:
    (project.root / "www/large.bin").write_bytes(os.urandom(60_000_000))
    assert run("run", "--steps", "build,tag,scan").returncode == 0
    executable = Path(sys.executable).parent / "ci-toolkit"
    with subprocess.Popen([executable, "push"], cwd=project.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "push" in line.lower():
                break
        os.kill(process.pid, signal.SIGKILL)
    assert tags_in(project.repository) == []
    result = run("push")
    assert result.returncode == 0, result.stderr
    assert crane("digest", f"{project.repository}:1.0.0") == project.image["digest"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_build_quickly_and_cleanly(project: Project, number: signal.Signals, code: int) -> None:
    dockerfile = project.root / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + 'RUN ["/bin/busybox", "sleep", "120"]\n')
    config = project.root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace("[linux/amd64, linux/arm64]", "[linux/amd64]"))
    executable = Path(sys.executable).parent / "ci-toolkit"
    with subprocess.Popen([executable, "build"], cwd=project.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "sleep" in line:
                break
        start = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == code
    assert time.monotonic() - start < 5
    assert subprocess.run(["pgrep", "-f", str(project.root)], check=False, capture_output=True).stdout == b""
    assert not (project.root / ".ci-toolkit/state.json").exists()


def test_json_on_stdout_is_the_state_and_nothing_else(project: Project, run: Callable[..., Completed]) -> None:
    result = run("run", "--format", "json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == project.state


def test_a_repository_on_disk_needs_no_server(project: Project, run: Callable[..., Completed]) -> None:
    config = project.root / ".ci-toolkit.yml"
    text = config.read_text().replace(f"repositories: [{project.repository}]", "repositories: ['oci:out/hello']")
    config.write_text(text[: text.index("\npin:")])
    result = run("run")
    assert result.returncode == 0, result.stderr
    index = json.loads((project.root / "out/hello/index.json").read_text())
    names = {m["annotations"]["org.opencontainers.image.ref.name"]: m["digest"] for m in index["manifests"]}
    assert names == dict.fromkeys(project.image["tags"], project.image["digest"])
    before = (project.root / "out/hello/index.json").stat().st_mtime_ns
    assert run("run").returncode == 0
    assert (project.root / "out/hello/index.json").stat().st_mtime_ns == before


def test_two_runs_dont_share_a_workdir(project: Project, run: Callable[..., Completed]) -> None:
    import fcntl

    (project.root / ".ci-toolkit").mkdir()
    with (project.root / ".ci-toolkit/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run("build")
    assert result.returncode == 3
    assert "another run" in result.stderr
