"""Every GitLab template, run: the real engine, registry and Trivy, by each kind of include and each executor."""

from __future__ import annotations

import json
from dataclasses import replace
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.harness.delivered import crane, tags_in
from tests.harness.gitlab_projects import KINDS, commit_with_pipeline, include, pipeline_of, publish_templates
from tests.harness.gitlab_reports import read_quality, read_scanning
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.harness.container import ToolkitImage
    from tests.harness.gitlab import Executor, GitLabLocal, GitLabRun
    from tests.harness.gitlab_server import GitLabServer
    from tests.harness.project import Project

JOBS = ("image-build", "image-scan", "image-push", "image-pin")
ANY_BRANCH = [{"if": "$CI_COMMIT_BRANCH"}]
REPORTS = ("gl-container-scanning-report.json", "gl-code-quality-report.json", "hello/cyclonedx.json")


@pytest.fixture
def local(gitlab: GitLabLocal, project: Project, gitlab_server: GitLabServer, tmp_path: Path) -> GitLabLocal:
    """gitlab-ci-local on the example, with this project's templates on the server."""
    publish_templates(gitlab_server, tmp_path)
    return replace(gitlab, root=project.root)


@pytest.fixture
def inputs(toolkit_image: ToolkitImage) -> dict[str, Any]:
    """What every include gets here: the image as it was built, and the engine that is there."""
    return {"image": toolkit_image.name, "engine": "socket"}


def _configure(project: Project, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the project's config."""
    path = project.root / ".ci-toolkit.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(config)
    path.write_text(json.dumps(config), encoding="utf-8")


def _state(done: GitLabRun, job: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((done.artifacts(job) / ".ci-toolkit/state.json").read_text(encoding="utf-8"))
    return state


def _image(done: GitLabRun, job: str, name: str = "hello") -> dict[str, Any]:
    image: dict[str, Any] = _state(done, job)["images"][name]
    return image


def _quarantined(config: dict[str, Any], repository: str) -> None:
    config.update({"handoff": "registry", "quarantine": repository})


def _deliver_two(project: Project) -> None:
    """Have the project deliver the images `api` and `web` in the place of its one."""

    def two(config: dict[str, Any]) -> None:
        hello = config["images"].pop("hello")
        for name in ("api", "web"):
            config["images"][name] = {
                **hello,
                "repositories": [f"{project.repository}-{name}"],
                "labels": {"org.opencontainers.image.title": name},
            }
        del config["pin"]

    _configure(project, two)


def _without(inputs: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name not in names}


@pytest.mark.parametrize(
    ("executor", "kind"), [*(("shell", kind) for kind in KINDS), ("docker", "local"), ("docker", "component")]
)
def test_one_include_delivers(
    local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    inputs: dict[str, Any],
    executor: Executor,
    kind: str,
) -> None:
    revision = commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, kind, "template", inputs)])
    )
    done = local.run(executor=executor)
    assert done.exit_code == 0, done.log
    assert done.results == dict.fromkeys(JOBS, "PASS")
    image = _image(done, "image-push")
    assert crane("digest", f"{project.repository}:sha-{revision[:7]}") == image["digest"]
    assert image["digest"] == _image(done, "image-build")["digest"]
    assert image["verdict"] == "pass"
    for report in REPORTS:
        assert json.loads((done.artifacts("image-scan") / ".ci-toolkit/reports" / report).read_text()) is not None


def test_the_steps_are_included_one_by_one(
    local: GitLabLocal, project: Project, gitlab_server: GitLabServer, inputs: dict[str, Any]
) -> None:
    steps = [
        include(gitlab_server, "remote", step, inputs if step == "build" else _without(inputs, "engine"))
        for step in ("build", "scan", "push", "pin")
    ]
    revision = commit_with_pipeline(project.root, gitlab_server, pipeline_of(steps))
    done = local.run()
    assert done.exit_code == 0, done.log
    assert done.results == dict.fromkeys(JOBS, "PASS")
    assert crane("digest", f"{project.repository}:sha-{revision[:7]}") == _image(done, "image-pin")["digest"]


def test_two_instances_deliver_two_images(
    local: GitLabLocal, project: Project, gitlab_server: GitLabServer, inputs: dict[str, Any]
) -> None:
    _deliver_two(project)
    includes = [
        include(
            gitlab_server,
            "project",
            "template",
            {**inputs, "job-prefix": name, "images": [name], "workdir": f".ci-toolkit-{name}"},
        )
        for name in ("api", "web")
    ]
    revision = commit_with_pipeline(project.root, gitlab_server, pipeline_of(includes))
    done = local.run()
    assert done.exit_code == 0, done.log
    for name in ("api", "web"):
        path = done.artifacts(f"{name}-push") / f".ci-toolkit-{name}/state.json"
        images = json.loads(path.read_text(encoding="utf-8"))["images"]
        assert list(images) == [name]
        assert crane("digest", f"{project.repository}-{name}:sha-{revision[:7]}") == images[name]["digest"]


def test_several_images_are_one_report_to_gitlab(
    local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    packages: dict[str, Path],
    inputs: dict[str, Any],
) -> None:
    project.vendor(packages["vulnerable"])
    _deliver_two(project)
    commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, "local", "template", inputs)])
    )
    done = local.run()
    assert done.results == {"image-build": "PASS", "image-scan": "FAIL"}, done.log
    reports = yaml.safe_load(local.expanded())["image-scan"]["artifacts"]["reports"]
    (scanning,) = done.artifacts("image-scan").glob(reports["container_scanning"])
    vulnerabilities = read_scanning(scanning.read_bytes())["vulnerabilities"]
    found = {each["location"]["image"].rpartition(":")[0] for each in vulnerabilities}
    assert found == {f"{project.repository}-api", f"{project.repository}-web"}
    (quality,) = done.artifacts("image-scan").glob(reports["codequality"])
    assert read_quality(quality.read_bytes())
    assert len(list(done.artifacts("image-scan").glob(reports["cyclonedx"]))) >= len(found)


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_by_way_of_the_registry_the_digest_is_the_same(
    local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    inputs: dict[str, Any],
    executor: Executor,
) -> None:
    quarantine = f"{project.repository}-quarantine"
    _configure(project, lambda config: _quarantined(config, quarantine))
    revision = commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, "local", "template", inputs)])
    )
    done = local.run(executor=executor)
    assert done.exit_code == 0, done.log
    digest = _image(done, "image-build")["digest"]
    assert (
        crane("digest", f"{project.repository}:sha-{revision[:7]}") == digest == _image(done, "image-push")["digest"]
    )
    assert not list(done.artifacts("image-build").rglob("blobs"))
    assert tags_in(quarantine) == []
    with pytest.raises(CalledProcessError):
        crane("manifest", f"{quarantine}@{digest}")


@pytest.mark.parametrize("handoff", ["artifact", "registry"])
def test_what_the_gate_refuses_ends_the_pipeline(
    local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    packages: dict[str, Path],
    inputs: dict[str, Any],
    handoff: str,
) -> None:
    project.vendor(packages["vulnerable"])
    quarantine = f"{project.repository}-quarantine"
    if handoff == "registry":
        _configure(project, lambda config: _quarantined(config, quarantine))
    commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, "local", "template", inputs)])
    )
    done = local.run()
    assert done.exit_code == 1
    assert done.results == {"image-build": "PASS", "image-scan": "FAIL"}
    image = _image(done, "image-scan")
    assert image["verdict"] == "fail"
    for report in REPORTS:
        assert (done.artifacts("image-scan") / ".ci-toolkit/reports" / report).is_file()
    assert tags_in(project.repository) == []
    if handoff == "registry":
        assert tags_in(quarantine) == []
        with pytest.raises(CalledProcessError):
            crane("manifest", f"{quarantine}@{image['digest']}")


def test_a_later_job_reads_the_digest(
    local: GitLabLocal, project: Project, gitlab_server: GitLabServer, inputs: dict[str, Any]
) -> None:
    read = {"stage": "deploy", "needs": ["image-push"], "script": ['echo "delivered=$IMAGE_DIGEST=$IMAGE_REF="']}
    commit_with_pipeline(
        project.root,
        gitlab_server,
        pipeline_of([include(gitlab_server, "local", "template", inputs)], announce=read),
    )
    done = local.run()
    assert done.exit_code == 0, done.log
    digest = _image(done, "image-push")["digest"]
    assert f"delivered={digest}={project.repository}" in done.job_log("announce")


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_promotion_waits_for_its_button(
    local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    inputs: dict[str, Any],
    executor: Executor,
) -> None:
    def environments(config: dict[str, Any]) -> None:
        config["environments"] = {
            "staging": {"tags": ["staging"]},
            "production": {"from": "staging", "tags": ["live"]},
        }

    _configure(project, environments)
    promotions = [
        include(
            gitlab_server,
            "local",
            "promote",
            {**_without(inputs, "engine"), "environment": name, "after": after, "when": when, "rules": ANY_BRANCH},
        )
        for name, after, when in (("staging", "pin", "on_success"), ("production", "promote-staging", "manual"))
    ]
    commit_with_pipeline(
        project.root,
        gitlab_server,
        pipeline_of([include(gitlab_server, "local", "template", inputs), *promotions]),
    )
    done = local.run(executor=executor)
    assert done.exit_code == 0, done.log
    assert done.results == dict.fromkeys([*JOBS, "image-promote-staging"], "PASS")
    digest = _image(done, "image-push")["digest"]
    assert crane("digest", f"{project.repository}:staging") == digest
    assert "live" not in tags_in(project.repository)
    pressed = local.run("image-promote-production", executor=executor, manual=["image-promote-production"])
    assert pressed.exit_code == 0, pressed.log
    assert crane("digest", f"{project.repository}:live") == digest


def test_pinned_manifests_come_to_the_projects_branch(
    local: GitLabLocal, project: Project, gitlab_server: GitLabServer, inputs: dict[str, Any]
) -> None:
    _configure(project, lambda config: config.update({"commit": {"mode": "push"}}))
    before = commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, "local", "template", inputs)])
    )
    done = local.run()
    assert done.exit_code == 0, done.log
    bare = gitlab_server.directory / "acme/shop.git"
    assert git(bare, "rev-parse", "main~1") == before
    assert _image(done, "image-push")["digest"] in gitlab_server.file("acme/shop", "deploy/hello.yaml")


def test_an_instance_that_is_extended_adds_to_every_job(
    local: GitLabLocal, project: Project, gitlab_server: GitLabServer, inputs: dict[str, Any]
) -> None:
    base = {"variables": {"HTTPS_PROXY": "http://proxy.example.com:3128"}, "tags": ["containers"]}
    pipeline = pipeline_of([include(gitlab_server, "local", "template", inputs)], **{".image-base": base})
    commit_with_pipeline(project.root, gitlab_server, pipeline)
    jobs = yaml.safe_load(local.expanded())
    for job in JOBS:
        assert jobs[job]["tags"] == ["containers"]
        assert jobs[job]["variables"]["HTTPS_PROXY"] == "http://proxy.example.com:3128"


@pytest.mark.parametrize("wrong", [{"job-prefix": "1st"}, {"engine": "podman"}, {"images": "hello"}])
def test_a_wrong_input_is_refused(
    local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    inputs: dict[str, Any],
    wrong: dict[str, Any],
) -> None:
    entry = include(gitlab_server, "local", "template", {**inputs, **wrong})
    commit_with_pipeline(project.root, gitlab_server, pipeline_of([entry]))
    assert next(iter(wrong)) in local.refusal()
