"""Every GitLab template, run: the real engine, registry and Trivy, by each kind of include and each executor."""

from __future__ import annotations

import json
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.delivered import crane, tags_in
from tests.harness.gitlab_projects import (
    JOBS,
    KINDS,
    commit_with_pipeline,
    configure,
    image_of,
    include,
    pipeline_of,
)
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.harness.gitlab import Executor, GitLabLocal
    from tests.harness.gitlab_server import GitLabServer
    from tests.harness.project import Project

ANY_BRANCH = [{"if": "$CI_COMMIT_BRANCH"}]
REPORTS = ("gl-container-scanning-report.json", "gl-code-quality-report.json", "hello/cyclonedx.json")


def _quarantined(config: dict[str, Any], repository: str) -> None:
    config.update({"handoff": "registry", "quarantine": repository})


def _without(inputs: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name not in names}


@pytest.mark.parametrize(
    ("executor", "kind"), [*(("shell", kind) for kind in KINDS), ("docker", "local"), ("docker", "component")]
)
def test_one_include_delivers(
    gitlab_local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    gitlab_inputs: dict[str, Any],
    executor: Executor,
    kind: str,
) -> None:
    revision = commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, kind, "template", gitlab_inputs)])
    )
    done = gitlab_local.run(executor=executor)
    assert done.exit_code == 0, done.log
    assert done.results == dict.fromkeys(JOBS, "PASS")
    image = image_of(done, "image-push")
    assert crane("digest", f"{project.repository}:sha-{revision[:7]}") == image["digest"]
    assert image["digest"] == image_of(done, "image-build")["digest"]
    assert image["verdict"] == "pass"
    for report in REPORTS:
        assert json.loads((done.artifacts("image-scan") / ".ci-toolkit/reports" / report).read_text()) is not None


def test_the_steps_are_included_one_by_one(
    gitlab_local: GitLabLocal, project: Project, gitlab_server: GitLabServer, gitlab_inputs: dict[str, Any]
) -> None:
    steps = [
        include(gitlab_server, "remote", step, gitlab_inputs if step == "build" else _without(gitlab_inputs, "engine"))
        for step in ("build", "scan", "push", "pin")
    ]
    revision = commit_with_pipeline(project.root, gitlab_server, pipeline_of(steps))
    done = gitlab_local.run()
    assert done.exit_code == 0, done.log
    assert done.results == dict.fromkeys(JOBS, "PASS")
    assert crane("digest", f"{project.repository}:sha-{revision[:7]}") == image_of(done, "image-pin")["digest"]


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_by_way_of_the_registry_the_digest_is_the_same(
    gitlab_local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    gitlab_inputs: dict[str, Any],
    executor: Executor,
) -> None:
    quarantine = f"{project.repository}-quarantine"
    configure(project, lambda config: _quarantined(config, quarantine))
    revision = commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, "local", "template", gitlab_inputs)])
    )
    done = gitlab_local.run(executor=executor)
    assert done.exit_code == 0, done.log
    digest = image_of(done, "image-build")["digest"]
    assert (
        crane("digest", f"{project.repository}:sha-{revision[:7]}") == digest == image_of(done, "image-push")["digest"]
    )
    assert not list(done.artifacts("image-build").rglob("blobs"))
    assert tags_in(quarantine) == []
    with pytest.raises(CalledProcessError):
        crane("manifest", f"{quarantine}@{digest}")


@pytest.mark.parametrize("handoff", ["artifact", "registry"])
def test_what_the_gate_refuses_ends_the_pipeline(
    gitlab_local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    packages: dict[str, Path],
    gitlab_inputs: dict[str, Any],
    handoff: str,
) -> None:
    project.vendor(packages["vulnerable"])
    quarantine = f"{project.repository}-quarantine"
    if handoff == "registry":
        configure(project, lambda config: _quarantined(config, quarantine))
    commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, "local", "template", gitlab_inputs)])
    )
    done = gitlab_local.run()
    assert done.exit_code == 1
    assert done.results == {"image-build": "PASS", "image-scan": "FAIL"}
    image = image_of(done, "image-scan")
    assert image["verdict"] == "fail"
    for report in REPORTS:
        assert (done.artifacts("image-scan") / ".ci-toolkit/reports" / report).is_file()
    assert tags_in(project.repository) == []
    if handoff == "registry":
        assert tags_in(quarantine) == []
        with pytest.raises(CalledProcessError):
            crane("manifest", f"{quarantine}@{image['digest']}")


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_promotion_waits_for_its_button(
    gitlab_local: GitLabLocal,
    project: Project,
    gitlab_server: GitLabServer,
    gitlab_inputs: dict[str, Any],
    executor: Executor,
) -> None:
    def environments(config: dict[str, Any]) -> None:
        config["environments"] = {
            "staging": {"tags": ["staging"]},
            "production": {"from": "staging", "tags": ["live"]},
        }

    configure(project, environments)
    promotions = [
        include(
            gitlab_server,
            "local",
            "promote",
            {
                **_without(gitlab_inputs, "engine"),
                "environment": name,
                "after": after,
                "when": when,
                "rules": ANY_BRANCH,
            },
        )
        for name, after, when in (("staging", "pin", "on_success"), ("production", "promote-staging", "manual"))
    ]
    commit_with_pipeline(
        project.root,
        gitlab_server,
        pipeline_of([include(gitlab_server, "local", "template", gitlab_inputs), *promotions]),
    )
    done = gitlab_local.run(executor=executor)
    assert done.exit_code == 0, done.log
    assert done.results == dict.fromkeys([*JOBS, "image-promote-staging"], "PASS")
    digest = image_of(done, "image-push")["digest"]
    assert crane("digest", f"{project.repository}:staging") == digest
    assert "live" not in tags_in(project.repository)
    pressed = gitlab_local.run("image-promote-production", executor=executor, manual=["image-promote-production"])
    assert pressed.exit_code == 0, pressed.log
    assert crane("digest", f"{project.repository}:live") == digest


def test_pinned_manifests_come_to_the_projects_branch(
    gitlab_local: GitLabLocal, project: Project, gitlab_server: GitLabServer, gitlab_inputs: dict[str, Any]
) -> None:
    configure(project, lambda config: config.update({"commit": {"mode": "push"}}))
    before = commit_with_pipeline(
        project.root, gitlab_server, pipeline_of([include(gitlab_server, "local", "template", gitlab_inputs)])
    )
    done = gitlab_local.run()
    assert done.exit_code == 0, done.log
    bare = gitlab_server.directory / "acme/shop.git"
    assert git(bare, "rev-parse", "main~1") == before
    assert image_of(done, "image-push")["digest"] in gitlab_server.file("acme/shop", "deploy/hello.yaml")
