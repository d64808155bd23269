"""What pipelines do with the GitLab templates: read outputs, extend an instance, deliver two, mistake an input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.harness.delivered import crane
from tests.harness.gitlab_projects import (
    JOBS,
    commit_with_pipeline,
    configure,
    image_of,
    include,
    pipeline_of,
)
from tests.harness.gitlab_reports import read_quality, read_scanning

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.gitlab import GitLabLocal
    from tests.harness.gitlab_server import GitLabServer
    from tests.harness.project import Project


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

    configure(project, two)


def test_two_instances_deliver_two_images(
    gitlab_local: GitLabLocal, project: Project, gitlab_server: GitLabServer, gitlab_inputs: dict[str, Any]
) -> None:
    _deliver_two(project)
    includes = [
        include(
            gitlab_server,
            "project",
            "template",
            {**gitlab_inputs, "job-prefix": name, "images": [name], "workdir": f".ci-toolkit-{name}"},
        )
        for name in ("api", "web")
    ]
    revision = commit_with_pipeline(project.root, gitlab_server, pipeline_of(includes))
    done = gitlab_local.run()
    assert done.exit_code == 0, done.log
    for name in ("api", "web"):
        path = done.artifacts(f"{name}-push") / f".ci-toolkit-{name}/state.json"
        images = json.loads(path.read_text(encoding="utf-8"))["images"]
        assert list(images) == [name]
        assert crane("digest", f"{project.repository}-{name}:sha-{revision[:7]}") == images[name]["digest"]


def test_several_images_are_one_report_to_gitlab(
    gitlab_local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    packages: dict[str, Path],
    gitlab_inputs: dict[str, Any],
) -> None:
    project.vendor(packages["vulnerable"])
    _deliver_two(project)
    commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, "local", "template", gitlab_inputs)])
    )
    done = gitlab_local.run()
    assert done.results == {"image-build": "PASS", "image-scan": "FAIL"}, done.log
    reports = yaml.safe_load(gitlab_local.expanded())["image-scan"]["artifacts"]["reports"]
    (scanning,) = done.artifacts("image-scan").glob(reports["container_scanning"])
    vulnerabilities = read_scanning(scanning.read_bytes())["vulnerabilities"]
    found = {each["location"]["image"].rpartition(":")[0] for each in vulnerabilities}
    assert found == {f"{project.repository}-api", f"{project.repository}-web"}
    (quality,) = done.artifacts("image-scan").glob(reports["codequality"])
    assert read_quality(quality.read_bytes())
    assert len(list(done.artifacts("image-scan").glob(reports["cyclonedx"]))) >= len(found)


def test_a_later_job_reads_the_digest(
    gitlab_local: GitLabLocal, project: Project, gitlab_server: GitLabServer, gitlab_inputs: dict[str, Any]
) -> None:
    read = {"stage": "deploy", "needs": ["image-push"], "script": ['echo "delivered=$IMAGE_DIGEST=$IMAGE_REF="']}
    commit_with_pipeline(
        project.root,
        gitlab_server,
        pipeline_of([include(gitlab_server, "local", "template", gitlab_inputs)], announce=read),
    )
    done = gitlab_local.run()
    assert done.exit_code == 0, done.log
    digest = image_of(done, "image-push")["digest"]
    assert f"delivered={digest}={project.repository}" in done.job_log("announce")


def test_an_instance_that_is_extended_adds_to_every_job(
    gitlab_local: GitLabLocal, project: Project, gitlab_server: GitLabServer, gitlab_inputs: dict[str, Any]
) -> None:
    base = {"variables": {"HTTPS_PROXY": "http://proxy.example.com:3128"}, "tags": ["containers"]}
    pipeline = pipeline_of([include(gitlab_server, "local", "template", gitlab_inputs)], **{".image-base": base})
    commit_with_pipeline(project.root, gitlab_server, pipeline)
    jobs = yaml.safe_load(gitlab_local.expanded())
    for job in JOBS:
        assert jobs[job]["tags"] == ["containers"]
        assert jobs[job]["variables"]["HTTPS_PROXY"] == "http://proxy.example.com:3128"


@pytest.mark.parametrize("wrong", [{"job-prefix": "1st"}, {"engine": "podman"}, {"images": "hello"}])
def test_a_wrong_input_is_refused(
    gitlab_local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    gitlab_inputs: dict[str, Any],
    wrong: dict[str, Any],
) -> None:
    entry = include(gitlab_server, "local", "template", {**gitlab_inputs, **wrong})
    commit_with_pipeline(project.root, gitlab_server, pipeline_of([entry]))
    assert next(iter(wrong)) in gitlab_local.refusal()
