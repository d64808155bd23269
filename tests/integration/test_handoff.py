"""The handoff by a quarantine repository, from build to pinned manifests, on the real parts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.harness.delivered import crane, tags_in
from tests.harness.handoff import BUILDER_THAT_PUSHES, Quarantined, assert_delivered, crane_succeeds
from tests.harness.project import Project, make_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stack

Completed = subprocess.CompletedProcess[str]


def test_from_dockerfile_to_manifests_by_quarantine(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed]
) -> None:
    project = quarantined.project
    built = run_quarantined("build")
    assert built.returncode == 0, built.stderr
    image = project.image
    assert image["quarantine"] == quarantined.quarantine
    assert "layout" not in image
    assert not (project.root / ".ci-toolkit/images/hello").exists()
    assert set(image["platforms"]) == {"linux/amd64", "linux/arm64"}
    assert image["attestations"]
    assert all(quarantined.holds(digest) for digest in quarantined.everything())
    assert tags_in(quarantined.quarantine) == tags_in(project.repository) == []
    rest = run_quarantined("run", "--steps", "tag,scan,push,sarif,pin")
    assert rest.returncode == 0, rest.stderr
    assert project.image["digest"] == image["digest"]
    assert project.image["verdict"] == "pass"
    assert_delivered(project, project.image)
    assert project.image["pushed"][0]["mounted"] > 0
    assert not any(quarantined.holds(digest) for digest in quarantined.everything())
    assert tags_in(quarantined.quarantine) == []


def test_a_second_run_keeps_the_image_and_moves_nothing(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed]
) -> None:
    project = quarantined.project
    first_run = run_quarantined("run")
    assert first_run.returncode == 0, first_run.stderr
    first, manifests = project.image, project.manifests()
    again = run_quarantined("run")
    assert again.returncode == 0, again.stderr
    assert "every platform is as before" in again.stderr
    assert project.image["digest"] == first["digest"]
    assert project.image["pushed"][0]["tags_moved"] == 0
    assert project.manifests() == manifests
    assert not any(quarantined.holds(digest) for digest in quarantined.everything())
    pushed = run_quarantined("push")
    assert pushed.returncode == 0, pushed.stderr


def test_what_the_gate_refuses_leaves_reports_and_nothing_else(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed], packages: dict[str, Path]
) -> None:
    project = quarantined.project
    project.vendor(packages["vulnerable"])
    manifests = project.manifests()
    result = run_quarantined("run")
    assert result.returncode == 1, result.stderr
    assert "CVE-2019-11324" in result.stderr
    assert tags_in(project.repository) == tags_in(quarantined.quarantine) == []
    assert len(quarantined.everything()) > 3
    for digest in quarantined.everything():
        assert not quarantined.holds(digest)
        assert not crane_succeeds("manifest", f"{project.repository}@{digest}")
    assert project.manifests() == manifests
    for kind in ("findings", "sarif", "trivy linux/amd64"):
        assert json.loads((project.root / project.image["reports"][kind]).read_text())
    refused = run_quarantined("push")
    assert refused.returncode == 1
    gone = run_quarantined("scan")
    assert gone.returncode == 5
    assert "no longer in quarantine" in gone.stderr


def test_no_gate_pushes_what_was_refused(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed], packages: dict[str, Path]
) -> None:
    project = quarantined.project
    project.vendor(packages["vulnerable"])
    result = run_quarantined("run", "--no-gate")
    assert result.returncode == 0, result.stderr
    assert_delivered(project, project.image)
    assert project.image["gate"] == "overridden"
    assert not quarantined.holds(project.image["digest"])


def test_jobs_apart_need_the_state_alone(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed], tmp_path: Path
) -> None:
    for step in ("build", "tag"):
        assert run_quarantined(step).returncode == 0
    other = quarantined.clone(tmp_path / "other")
    for step in ("scan", "push", "pin"):
        result = run_quarantined(step, cwd=other.root)
        assert result.returncode == 0, result.stderr
    assert other.image["digest"] == quarantined.project.image["digest"]
    assert not (other.root / ".ci-toolkit/images").exists()
    assert_delivered(other, other.image)


@pytest.mark.parametrize("provenance", ["none", "min"])
def test_both_handoffs_end_with_the_same_image(
    project: Project,
    run_command: Callable[..., Completed],
    tmp_path: Path,
    stack: Stack,
    packages: dict[str, Path],
    provenance: str,
) -> None:
    pairs = []
    for name in ("artifact", "registry"):
        copy = make_project(tmp_path / name, f"{project.repository}-{name}", stack.database)
        copy.vendor(packages["vulnerable"])
        config = copy.root / ".ci-toolkit.yml"
        text = config.read_text(encoding="utf-8").replace(
            "    platforms:", f"    provenance: {provenance}\n    platforms:"
        )
        config.write_text(text.replace("severity: high", "severity: none"), encoding="utf-8")
        made = Quarantined(copy, f"{copy.repository}-quarantine")
        if name == "registry":
            made.configure()
        else:
            copy.commit("the handoff", "v1.0.1")
        pairs.append(copy)
    revision = _same_revision(pairs)
    for copy in pairs:
        result = run_command("run", cwd=copy.root)
        assert result.returncode == 0, result.stderr
        assert copy.state["source"]["revision"] in revision
    one, other = (copy.image for copy in pairs)
    findings = [json.loads((copy.root / copy.image["reports"]["findings"]).read_text()) for copy in pairs]
    assert findings[0]["platforms"] == findings[1]["platforms"]
    assert findings[0]["platforms"]
    assert one["platforms"] == other["platforms"]
    assert (one["digest"] == other["digest"]) is (provenance == "none")
    for copy in pairs:
        assert crane("digest", f"{copy.repository}:latest") == copy.image["digest"]


def _same_revision(projects: list[Project]) -> set[str]:
    """Labels tell of the revision, so both get one: commits of the same tree, author and time are the same."""
    revisions = set()
    for project in projects:
        (project.root / ".git/info/exclude").write_text(
            ".ci-toolkit.yml\n/site-packages/\n/deploy/\n", encoding="utf-8"
        )
        shutil.rmtree(project.root / ".git")
        date = "2026-01-01T00:00:00Z"
        env = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]
        for arguments in (["init", "-q"], ["add", "Dockerfile"], ["commit", "-qm", "x"], ["tag", "v1.0.1"]):
            subprocess.run(["git", *identity, *arguments], cwd=project.root, env=env, check=True, capture_output=True)
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=project.root, capture_output=True, text=True, check=True
        )
        revisions.add(head.stdout.strip())
    assert len(revisions) == 1
    return revisions


def test_a_builder_that_pushes_by_digest_leaves_no_layout(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed], tmp_path: Path
) -> None:
    docker, oras = shutil.which("docker"), shutil.which("oras")
    assert docker
    assert oras
    stand_in = tmp_path / "bin/docker"
    stand_in.parent.mkdir()
    stand_in.write_text(BUILDER_THAT_PUSHES.replace("@DOCKER@", docker).replace("@ORAS@", oras))
    stand_in.chmod(0o755)
    env = {"PATH": f"{stand_in.parent}:{os.environ['PATH']}"}
    result = run_quarantined("run", env=env)
    assert result.returncode == 0, result.stderr
    assert "built as a layout" not in result.stderr
    assert_delivered(quarantined.project, quarantined.project.image)


def test_a_plan_tells_of_the_quarantine(quarantined: Quarantined, run_quarantined: Callable[..., Completed]) -> None:
    result = run_quarantined("plan", "--format", "json")
    assert result.returncode == 0, result.stderr
    actions = json.loads(result.stdout)["actions"]
    outputs = [
        argument for a in actions for argument in a.get("argv", ()) if argument.startswith("--output=type=image")
    ]
    to = f"type=image,name={quarantined.quarantine},push-by-digest=true,push=true,oci-mediatypes=true"
    assert outputs == [f"--output={to},rewrite-timestamp=true"]
    scans = [a["argv"] for a in actions if a["step"] == "scan" and a["kind"] == "command" and a.get("image")]
    assert scans
    assert not [part for argv in scans for part in argv if quarantined.quarantine in part]
    (look,) = [a for a in actions if (a["step"], a.get("method")) == ("scan", "GET")]
    assert f"/{quarantined.quarantine.partition('/')[2]}/manifests/" in look["url"]
    removals = [(a["step"], a["when"]) for a in actions if a.get("method") == "DELETE"]
    assert removals == [("scan", "the gate says no"), ("push", "hello has arrived in all its repositories")]
    assert tags_in(quarantined.quarantine) == []


def test_another_checkout_finds_the_same_image_in_the_registry(
    quarantined: Quarantined, run_quarantined: Callable[..., Completed], tmp_path: Path, packages: dict[str, Path]
) -> None:
    assert run_quarantined("run").returncode == 0
    other = quarantined.clone(tmp_path / "other")
    shutil.rmtree(other.root / ".ci-toolkit")
    other.vendor(packages["fixed"])
    result = run_quarantined("run", cwd=other.root)
    assert result.returncode == 0, result.stderr
    assert other.image["digest"] == quarantined.project.image["digest"]
    assert [p["tags_moved"] for p in other.image["pushed"]] == [0]
    assert not any(quarantined.holds(digest) for digest in quarantined.everything())
