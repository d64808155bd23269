"""The action's entry points on the real parts: what a job on GitHub gets to see and to use."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.builders.select import created_name
from tests.harness.action_step import SCRIPTS, Step
from tests.harness.as_root import as_root
from tests.harness.github_runner import read_log, read_values
from tests.harness.project import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.project import Project

STEPS = ["build", "tag", "scan", "push", "sarif", "pin"]


@pytest.fixture
def step(project: Project, tmp_path: Path) -> Step:
    return Step(tmp_path, project.root)


def digest_of(reference: str) -> str:
    return subprocess.run(["crane", "digest", reference], capture_output=True, text=True, check=True).stdout.strip()


def test_a_run_hands_everything_to_later_steps(step: Step, project: Project) -> None:
    result = step.run(INPUT_IMAGE="hello", GITHUB_REF="refs/tags/v1.0.0", **{"INPUT_DRY-RUN": "false"})
    assert result.returncode == 0, result.stderr
    outputs = read_values(step.files / "output")
    assert outputs["digest"] == digest_of(f"{project.repository}:1.0.0") == project.image["digest"]
    assert json.loads(outputs["digests"]) == {"hello": outputs["digest"]}
    assert outputs["tags"].split("\n") == project.image["tags"]
    assert outputs["references"].split("\n") == [f"{project.repository}:{tag}" for tag in project.image["tags"]]
    assert (outputs["version"], outputs["verdict"], outputs["commit"]) == ("1.0.0", "pass", "")
    assert json.loads(outputs["findings"])["hello"]["high"] == 0
    assert outputs["changed-files"].split("\n") == ["deploy/hello.yaml", "deploy/service-and-jobs.yaml"]
    for name in ("state", "sarif"):
        assert (project.root / outputs[name]).is_file()
    log = read_log(result.stderr)
    assert [title for title, _ in log.groups] == STEPS
    assert any(line.startswith("  | #") for line in log.groups[0][1])
    assert {each.name for each in log.commands} == {"group", "endgroup", "notice"}
    places = [(each.properties["file"], int(each.properties["line"])) for each in log.annotations("notice")]
    assert places == [(pin["file"], pin["line"]) for pin in project.state["pins"]]
    assert read_log(result.stdout).commands == []


def test_a_refused_image_fails_the_step_and_says_what_is_known(
    step: Step, project: Project, packages: dict[str, Path]
) -> None:
    project.vendor(packages["vulnerable"])
    result = step.run()
    assert result.returncode == 1, result.stderr
    outputs = read_values(step.files / "output")
    assert (outputs["verdict"], outputs["digest"]) == ("fail", project.image["digest"])
    assert outputs["references"] == ""
    assert json.loads(outputs["findings"])["hello"] == project.image["findings"]
    assert (project.root / outputs["sarif"]).is_file()
    *findings, refusal = read_log(result.stderr).annotations("error")
    lines = (project.root / "Dockerfile").read_text().splitlines()
    copied = next(number for number, line in enumerate(lines, 1) if line.startswith("COPY site-packages"))
    assert {(each.properties["file"], int(each.properties["line"])) for each in findings} == {("Dockerfile", copied)}
    assert any("CVE-2019-11324" in each.properties["title"] for each in findings)
    assert refusal.data.startswith("the gate refuses hello: ")
    assert "CVE-2019-11324" in refusal.data
    assert "\nnext: upgrade what is fixable" in refusal.data


def test_steps_apart_and_a_failing_step(step: Step, project: Project) -> None:
    assert step.run(INPUT_STEPS="build,tag").returncode == 0
    assert read_values(step.files / "output")["verdict"] == ""
    dockerfile = project.root / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "COPY nothing-of-this-name /\n")
    result = step.run(INPUT_STEPS="build")
    assert result.returncode == 3
    errors = read_log(result.stderr).annotations("error")
    assert "nothing-of-this-name" in errors[-1].data
    assert read_values(step.files / "output")["state"] == ".ci-toolkit/state.json"


def test_a_dry_run_hands_nothing_over(step: Step) -> None:
    result = step.run(**{"INPUT_DRY-RUN": "true"})
    assert result.returncode == 0, result.stderr
    assert "docker buildx build" in result.stdout
    assert not (step.files / "output").exists()


def test_a_plain_step_publishes_too(step: Step, project: Project) -> None:
    command = [str(SCRIPTS / "ci-toolkit"), "tag"]
    result = subprocess.run(command, cwd=project.root, env=step.env(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert read_values(step.files / "output")["tags"].split("\n") == project.image["tags"]
    assert not (step.files / "state").exists()


def test_nothing_untrusted_is_a_command(step: Step, project: Project) -> None:
    hostile = "::set-output name=digest::evil %0A::error::evil ##[add-mask]hello"
    dockerfile = project.root / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + f'RUN ["/bin/busybox", "echo", "{hostile}"]\n')
    manifest = project.root / "deploy" / "hello.yaml"
    manifest.write_text(re.sub(r"(?m)^( *)(- )?(image: .*)$", rf"\1\2\3 # {hostile}", manifest.read_text()))
    config = project.root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace("[linux/amd64, linux/arm64]", "[linux/amd64]"))
    git(project.root, "checkout", "-q", "-b", "feature/%0A##set-output")
    project.commit(f"::error::{hostile}")
    event = {"GITHUB_REF": "refs/heads/x\n::set-output name=digest::evil", "GITHUB_ACTOR": "##[error]me"}
    built = step.run(INPUT_STEPS="build,tag,scan,push", **event)
    pinned = step.run(INPUT_ARGS="pin --diff", **event)
    plan = step.run(INPUT_ARGS="run --dry-run --format json", **event)
    state = step.run(INPUT_ARGS="state --format json", **event)
    assert [each.returncode for each in (built, pinned, plan, state)] == [0] * 4, built.stderr + pinned.stderr
    for result in (built, pinned, plan, state):
        names = {each.name for text in (result.stdout, result.stderr) for each in read_log(text).commands}
        assert names <= {"group", "endgroup", "warning", "notice"}
    assert "evil" in built.stderr
    assert "evil" in pinned.stdout
    assert json.loads(state.stdout) == project.state
    assert read_values(step.files / "output")["digest"] == project.image["digest"]


def test_a_secret_is_masked_first_and_said_nowhere(step: Step, project: Project) -> None:
    config = project.root / ".ci-toolkit.yml"
    host = project.repository.partition("/")[0]
    config.write_text(
        config.read_text() + f'registries:\n  {host}: {{ auth: {{ username: ci, password: "${{PW}}" }} }}\n'
    )
    result = step.run(INPUT_STEPS="build,tag,scan,push", PW="hunter2-and-more")
    assert result.returncode == 0, result.stderr
    log = read_log(result.stderr)
    assert "hunter2-and-more" in log.masks
    assert result.stderr.startswith("::add-mask::")
    said = [line for line in result.stderr.splitlines() if not line.startswith("::add-mask::")]
    written = [path.read_text() for path in step.files.iterdir()]
    assert "hunter2-and-more" not in "\n".join([result.stdout, *said, *written])


def test_a_promotion_hands_over_what_it_promoted(step: Step, project: Project) -> None:
    config = project.root / ".ci-toolkit.yml"
    config.write_text(config.read_text() + "environments:\n  staging: { from: build, tags: [staging] }\n")
    assert step.run(INPUT_STEPS="build,tag,scan,push").returncode == 0
    (step.files / "output").unlink()
    result = step.run(INPUT_ARGS="promote staging")
    assert result.returncode == 0, result.stderr
    outputs = read_values(step.files / "output")
    assert outputs["digest"] == digest_of(f"{project.repository}:staging") == project.image["digest"]
    assert (outputs["tags"], outputs["references"]) == ("staging", f"{project.repository}:staging")
    assert outputs["verdict"] == "pass"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_cancelled_run_ends_quickly_and_still_publishes(
    step: Step, project: Project, number: signal.Signals, code: int
) -> None:
    dockerfile = project.root / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + 'RUN ["/bin/busybox", "sleep", "120"]\n')
    config = project.root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace("[linux/amd64, linux/arm64]", "[linux/amd64]"))
    command = [str(SCRIPTS / "ci-toolkit-action")]
    with subprocess.Popen(command, cwd=project.root, env=step.env(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        heard = ""
        for line in process.stderr:
            heard += line
            if "sleep" in line:
                break
        start = time.monotonic()
        process.send_signal(number)
        heard += process.communicate(timeout=30)[1]
    assert process.returncode == code
    assert time.monotonic() - start < 5
    log = read_log(heard)
    assert [title for title, _ in log.groups] == ["build"]
    assert log.lines[-1] == "ci-toolkit: stopped; everything it started has ended"
    assert read_values(step.files / "output")["digest"] == ""


def test_the_checkout_of_another_user(step: Step, project: Project) -> None:
    as_root("chown", "-R", "12345:12345", project.root)
    settings = [f"{name}={value}" for name, value in step.env(INPUT_STEPS="build,tag").items()]
    as_root("env", "-C", str(project.root), *settings, str(SCRIPTS / "ci-toolkit-action"))
    assert as_root("find", project.root, "-not", "-user", "12345") == ""
    layout = project.root / project.image["layout"]
    blobs = layout.glob("blobs/sha256/*")
    revision = project.state["source"]["revision"]
    assert any(revision.encode() in blob.read_bytes() for blob in blobs if blob.stat().st_size < 100_000)
    provenance = [blob.read_bytes() for blob in layout.glob("blobs/sha256/*") if b"slsa" in blob.read_bytes()[:2000]]
    assert any(revision.encode() in document for document in provenance)


def test_the_end_of_a_job_removes_the_builder_it_made(step: Step) -> None:
    name = created_name({"RUNNER_NAME": str(step.home)})
    create = ["docker", "buildx", "create", f"--name={name}", "--driver=docker-container"]
    subprocess.run(create, env=step.env(), capture_output=True, check=True)
    result = step.run("ci-toolkit-action-post", RUNNER_NAME=str(step.home))
    assert result.returncode == 0
    assert result.stdout.splitlines()[:2] == ["there was no login", f"removed the builder {name}"]
    assert not (step.home / ".docker/buildx/instances" / name).exists()
    again = step.run("ci-toolkit-action-post", RUNNER_NAME=str(step.home))
    assert "there was no builder" in again.stdout.splitlines()
