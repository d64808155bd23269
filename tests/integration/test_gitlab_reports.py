"""What a job on GitLab leaves behind for GitLab, made by the real parts: reports, variables, sections."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.gitlab_reports import (
    read_dotenv,
    read_quality,
    read_sbom,
    read_scanning,
    read_sections,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.project import Project

    Run = Callable[..., subprocess.CompletedProcess[str]]

JOB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_COMMIT_BRANCH": "feature/x",
    "CI_DEFAULT_BRANCH": "main",
    "CI_PIPELINE_SOURCE": "push",
    "CI_PIPELINE_ID": "4711",
    "CI_PROJECT_URL": "https://gitlab.example.com/acme/shop",
    "CI_JOB_URL": "https://gitlab.example.com/acme/shop/-/jobs/1",
}


@pytest.fixture
def run(project: Project) -> Run:
    """`run("scan", …)` in a job on GitLab, every byte of its log kept: sections are made of carriage returns."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [str(Path(sys.executable).parent / "ci-toolkit"), *arguments]
        done = subprocess.run(
            argv,
            cwd=project.root,
            env={**os.environ, **JOB},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return subprocess.CompletedProcess(argv, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def reports(project: Project) -> Path:
    return project.root / ".ci-toolkit/reports/hello"


def variables(project: Project) -> dict[str, str]:
    return read_dotenv((project.root / ".ci-toolkit/gitlab.env").read_bytes())


def test_a_refused_image_is_reported(project: Project, run: Run, packages: dict[str, Path]) -> None:
    project.vendor(packages["vulnerable"])
    result = run("run")
    assert result.returncode == 1, result.stderr
    scanning = read_scanning((reports(project) / "gl-container-scanning-report.json").read_bytes())
    found = {v["identifiers"][0]["value"]: v for v in scanning["vulnerabilities"]}
    assert len(scanning["vulnerabilities"]) == sum(project.image["findings"].values())
    vulnerability = found["CVE-2019-11324"]
    assert vulnerability["location"]["image"] == f"{project.repository}:feature-x"
    assert vulnerability["location"]["default_branch_image"] == f"{project.repository}:main"
    assert vulnerability["location"]["dependency"] == {"package": {"name": "urllib3"}, "version": "1.24.1"}
    assert vulnerability["details"]["platforms"]["value"] == "linux/amd64, linux/arm64"
    quality = read_quality((reports(project) / "gl-code-quality-report.json").read_bytes())
    assert len(quality) == len(scanning["vulnerabilities"])
    location = quality[0]["location"]
    lines = (project.root / location["path"]).read_text().splitlines()
    assert lines[location["lines"]["begin"] - 1].startswith("COPY site-packages")
    sboms = sorted(path.name for path in reports(project).glob("cyclonedx*.json"))
    assert sboms == ["cyclonedx-linux-arm64.json", "cyclonedx.json"]
    for name in sboms:
        sbom = read_sbom((reports(project) / name).read_bytes())
        assert sbom["metadata"]["component"]["name"] == project.repository
        assert "pkg:pypi/urllib3@1.24.1" in {component.get("purl") for component in sbom["components"]}
        assert str(project.root) not in json.dumps(sbom)
    known = project.image["reports"]
    for kind in ("container-scanning", "code-quality", "cyclonedx linux/amd64", "cyclonedx linux/arm64"):
        assert (project.root / known[kind]).is_file()
    assert variables(project) == {
        "IMAGE_DIGEST": project.image["digest"],
        "IMAGE_TAG": project.image["tags"][0],
        "IMAGE_VERDICT": "fail",
        "IMAGE_NAME": "hello",
        "HELLO_IMAGE_DIGEST": project.image["digest"],
        "HELLO_IMAGE_TAG": project.image["tags"][0],
        "HELLO_IMAGE_VERDICT": "fail",
    }
    sections = read_sections(result.stderr)
    assert sections.titles == ["build", "tag", "scan", "sarif"]
    assert any("the gate refuses hello" in line for line in sections.unfolded)


def test_job_by_job_with_ids_that_a_rebuild_keeps(project: Project, run: Run, packages: dict[str, Path]) -> None:
    project.vendor(packages["vulnerable"])
    for steps in (["build"], ["tag"], ["run", "--steps", "scan,sarif"]):
        result = run(*steps)
        assert result.returncode == (1 if steps[0] == "run" else 0), result.stderr
        read_sections(result.stderr)
    file = reports(project) / "gl-container-scanning-report.json"
    before = read_scanning(file.read_bytes())["vulnerabilities"]
    (project.root / "site-packages/note.txt").write_text("another image")
    digest = project.image["digest"]
    project.commit("another image")
    assert run("run", "--steps", "build,tag,scan,sarif").returncode == 1
    assert project.image["digest"] != digest
    assert [v["id"] for v in read_scanning(file.read_bytes())["vulnerabilities"]] == [v["id"] for v in before]


def test_a_pushed_image_is_told_to_later_jobs(project: Project, run: Run) -> None:
    result = run("run")
    assert result.returncode == 0, result.stderr
    found = variables(project)
    assert found["IMAGE_REF"] == f"{project.repository}@{project.image['digest']}"
    assert found["IMAGE_VERDICT"] == "pass"
    assert read_scanning((reports(project) / "gl-container-scanning-report.json").read_bytes())["scan"]


def test_a_plan_lists_the_reports_and_writes_none(project: Project, run: Run) -> None:
    result = run("plan")
    assert result.returncode == 0, result.stderr
    for name in ("gl-container-scanning-report.json", "gl-code-quality-report.json", "cyclonedx.json"):
        assert name in result.stdout
    assert "convert" in result.stdout
    assert not (project.root / ".ci-toolkit/reports").exists()


def test_bills_of_materials_anywhere_by_the_config(project: Project, run_command: Run) -> None:
    config = project.root / ".ci-toolkit.yml"
    config.write_text(
        re.sub(r"^scan:\n", "scan:\n  sbom: [spdx, cyclonedx]\n", config.read_text(), flags=re.MULTILINE)
    )
    result = run_command("run", "--steps", "build,scan,sarif", cwd=project.root)
    assert result.returncode == 0, result.stderr
    assert not list(reports(project).glob("gl-*"))
    spdx = json.loads((reports(project) / "spdx.json").read_text())
    assert (spdx["spdxVersion"], spdx["name"]) == ("SPDX-2.3", project.repository)
    cyclonedx = json.loads((reports(project) / "cyclonedx.json").read_text())
    assert cyclonedx["specVersion"] == "1.6"
    assert not any(p["name"].startswith("gitlab:") for p in cyclonedx["metadata"].get("properties", []))
    assert {"spdx linux/amd64", "cyclonedx linux/arm64"} <= project.image["reports"].keys()
    assert not (project.root / ".ci-toolkit/sbom").exists()
