"""A quarantine repository that lost something, is swapped, wants a login or can't delete."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.delivered import crane, tags_in
from tests.harness.handoff import Quarantined, assert_delivered
from tests.harness.registry import PASSWORD, USER, running_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.project import Project


Completed = subprocess.CompletedProcess[str]


@pytest.mark.parametrize("step", ["scan", "push"])
def test_what_was_deleted_meanwhile_is_said(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed], step: str
) -> None:
    first = ("build", "tag") if step == "scan" else ("build", "tag", "scan")
    assert run_quarantined("run", "--steps", ",".join(first)).returncode == 0
    crane("delete", f"{quarantined.quarantine}@{quarantined.project.image['digest']}")
    result = run_quarantined(step)
    assert result.returncode == 5, result.stderr
    assert quarantined.quarantine in result.stderr
    assert "build` again" in result.stderr
    assert tags_in(quarantined.project.repository) == []


@pytest.mark.parametrize("step", ["scan", "push"])
def test_a_platform_that_was_deleted_meanwhile_is_said(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed], step: str
) -> None:
    first = ("build", "tag") if step == "scan" else ("build", "tag", "scan")
    assert run_quarantined("run", "--steps", ",".join(first)).returncode == 0
    crane("delete", f"{quarantined.quarantine}@{quarantined.project.image['platforms']['linux/arm64']}")
    result = run_quarantined(step)
    assert result.returncode == 5, result.stderr
    assert tags_in(quarantined.project.repository) == []


def test_bytes_that_were_swapped_are_refused(
    project: Project, run_command: Callable[..., Completed], tmp_path: Path
) -> None:
    with running_registry(tmp_path / "registry") as registry:
        host = registry.host.replace("127.0.0.1", "localhost")
        quarantined = Quarantined(project, f"{host}/quarantine")
        quarantined.configure()
        assert run_command("run", "--steps", "build,tag", cwd=project.root).returncode == 0
        for digest in (project.image["platforms"]["linux/arm64"], project.image["digest"]):
            name = digest.removeprefix("sha256:")
            file = registry.storage / f"docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"
            file.write_bytes(file.read_bytes().replace(b"arm64", b"amd64").replace(b'"size":', b'"size": '))
            result = run_command("scan", cwd=project.root)
            assert result.returncode == 5, result.stderr
    assert tags_in(project.repository) == []


def test_another_quarantine_than_the_states_is_refused(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed]
) -> None:
    assert run_quarantined("run", "--steps", "build,tag").returncode == 0
    file = quarantined.project.root / ".ci-toolkit.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f"quarantine: {quarantined.quarantine}", "quarantine: localhost:5000/elsewhere"))
    other = run_quarantined("scan")
    assert other.returncode == 5
    assert "waits in" in other.stderr
    file.write_text(text.replace(f"handoff: registry\nquarantine: {quarantined.quarantine}\n", ""))
    assert run_quarantined("scan").returncode == 5


def test_a_killed_build_scan_or_push_is_finished_by_the_next_run(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed]
) -> None:
    project = quarantined.project
    (project.root / "www/large.bin").write_bytes(os.urandom(60_000_000))
    executable = Path(sys.executable).parent / "ci-toolkit"
    for step, word in (("build", "pushed afterwards"), ("scan", "scanning"), ("push", "mounted|copy to")):
        before = {"build": "tag", "scan": "build,tag", "push": "scan"}[step]
        assert run_quarantined("run", "--steps", before).returncode == 0
        with subprocess.Popen(
            [executable, step, "-v"], cwd=project.root, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if re.search(word, line):
                    break
            os.kill(process.pid, signal.SIGKILL)
    result = run_quarantined("push")
    assert result.returncode == 0, result.stderr
    assert crane("digest", f"{project.repository}:1.0.1") == project.image["digest"]


def test_a_quarantine_that_wants_a_login(
    project: Project, run_command: Callable[..., Completed], tmp_path: Path
) -> None:
    with running_registry(tmp_path / "registry", htpasswd=True) as registry:
        quarantined = Quarantined(project, f"{registry.host}/quarantine")
        login = f"{{ auth: {{ username: {USER}, password: '${{QUARANTINE_PASSWORD}}' }} }}"
        quarantined.configure(f"registries:\n  {registry.host}: {login}\n")
        env = {"QUARANTINE_PASSWORD": PASSWORD, "CI": "true"}
        result = run_command("run", cwd=project.root, env=env)
        assert result.returncode == 0, result.stderr
        assert PASSWORD not in result.stdout + result.stderr
        assert_delivered(project, project.image)
        assert project.image["pushed"][0]["uploaded"] > 0
        wrong = run_command("build", cwd=project.root, env={**env, "QUARANTINE_PASSWORD": "another"})
        assert wrong.returncode == 4
        assert registry.host in wrong.stderr


def test_a_registry_that_deletes_nothing_is_a_warning(
    project: Project, run_command: Callable[..., Completed], tmp_path: Path
) -> None:
    with running_registry(tmp_path / "registry", deletes=False) as registry:
        quarantined = Quarantined(project, f"{registry.host}/quarantine")
        quarantined.configure()
        result = run_command("run", cwd=project.root)
        assert result.returncode == 0, result.stderr
        assert "can't be deleted" in result.stderr
        assert "retention" in result.stderr
        assert_delivered(project, project.image)


def test_a_builder_that_may_not_push_is_no_broken_dockerfile(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed], tmp_path: Path
) -> None:
    # BuildKit's words, v0.25, where a registry refuses it.
    said = (
        f"failed to push {quarantined.quarantine}: failed to authorize: failed to fetch oauth token: 401 Unauthorized"
    )
    stand_in = tmp_path / "bin/docker"
    stand_in.parent.mkdir()
    stand_in.write_text(f"#!/bin/sh\necho 'ERROR: failed to build: failed to solve: {said}' >&2\nexit 1\n")
    stand_in.chmod(0o755)
    result = run_quarantined("build", env={"PATH": f"{stand_in.parent}:{os.environ['PATH']}"})
    assert result.returncode == 4, result.stderr
    assert said in result.stderr
    assert "login --check" in result.stderr
