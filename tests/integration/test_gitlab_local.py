"""What the GitLab tests stand on: gitlab-ci-local runs pipelines as GitLab does, each job by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.version import __version__
from tests.harness.project import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.gitlab import Executor, GitLabLocal
    from tests.harness.gitlab_server import GitLabServer

TEMPLATE = """\
spec:
  inputs:
    job-prefix: { default: image, regex: '^[a-z][a-z0-9-]*$' }
    engine: { default: socket, options: [socket, dind] }
    image: { default: "ci-toolkit:dev" }
    paths: { type: array, default: [out] }
---
".$[[ inputs.job-prefix ]]-base":
  image: { name: "$[[ inputs.image ]]", entrypoint: [""] }
"$[[ inputs.job-prefix ]]-make":
  extends: ".$[[ inputs.job-prefix ]]-base"
  stage: build
  variables: { MADE_BY: "$[[ inputs.job-prefix ]]", ENGINE: "$[[ inputs.engine ]]" }
  script:
    - ci-toolkit --version
    - mkdir out && echo "$MADE_BY" > out/made.txt && echo "MADE=$MADE_BY" > made.env && touch left-behind
  artifacts:
    paths: $[[ inputs.paths ]]
    reports: { dotenv: made.env }
"$[[ inputs.job-prefix ]]-use":
  extends: ".$[[ inputs.job-prefix ]]-base"
  stage: test
  needs: ["$[[ inputs.job-prefix ]]-make"]
  script: ['test "$(cat out/made.txt)" = "$MADE" && test ! -e left-behind && echo "got $MADE"']
"$[[ inputs.job-prefix ]]-press":
  extends: ".$[[ inputs.job-prefix ]]-base"
  stage: deploy
  when: manual
  script: [echo pressed]
"""
TOOLKIT = "ci-toolkit/ci-toolkit"


def _checkout(gitlab: GitLabLocal, server: GitLabServer, pipeline: str, *, template: str | None = None) -> None:
    gitlab.write(pipeline)
    if template:
        (gitlab.root / "local.yml").write_text(template, encoding="utf-8")
    git(gitlab.root, "init", "--quiet")
    git(gitlab.root, "add", "--all")
    git(gitlab.root, "commit", "--quiet", "-m", "the pipeline")
    server.adopt("acme/shop", gitlab.root)


def _published(server: GitLabServer, tmp_path: Path) -> None:
    folder = tmp_path / "files" / "templates" / "gitlab"
    folder.mkdir(parents=True)
    (folder / "template.yml").write_text(TEMPLATE, encoding="utf-8")
    server.publish(TOOLKIT, tmp_path / "files", tag="1.2.3")


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_jobs_get_artifacts_and_dotenv_and_nothing_else(
    gitlab: GitLabLocal, gitlab_server: GitLabServer, executor: Executor
) -> None:
    _checkout(gitlab, gitlab_server, "include: { local: local.yml }\n", template=TEMPLATE)
    done = gitlab.run(executor=executor)
    assert done.exit_code == 0, done.log
    assert done.results == {"image-make": "PASS", "image-use": "PASS"}
    assert f"version {__version__}" in done.job_log("image-make")
    assert "got image" in done.job_log("image-use")
    assert (done.artifacts("image-make") / "out/made.txt").read_text() == "image\n"
    assert done.dotenv("image-make") == {"MADE": "image"}
    assert git(gitlab.root, "status", "--short", "--untracked-files=no") == ""
    assert not (gitlab.root / "left-behind").exists()


def test_a_failed_job_ends_the_pipeline(gitlab: GitLabLocal, gitlab_server: GitLabServer) -> None:
    failing = TEMPLATE.replace("ci-toolkit --version", "ci-toolkit --no-such-option")
    _checkout(gitlab, gitlab_server, "include: { local: local.yml }\n", template=failing)
    done = gitlab.run()
    assert done.exit_code == 1
    assert done.results == {"image-make": "FAIL"}
    assert not done.artifacts("image-make").exists()


def test_a_manual_job_waits_for_its_button(gitlab: GitLabLocal, gitlab_server: GitLabServer) -> None:
    _checkout(gitlab, gitlab_server, "include: { local: local.yml }\n", template=TEMPLATE)
    assert "image-press" not in gitlab.run().results
    assert gitlab.run(manual=["image-press"]).results["image-press"] == "PASS"


@pytest.mark.parametrize("kind", ["remote", "project", "component"])
def test_a_template_is_included_from_a_server(
    gitlab: GitLabLocal, gitlab_server: GitLabServer, tmp_path: Path, kind: str
) -> None:
    _published(gitlab_server, tmp_path)
    include = {
        "remote": f"remote: {gitlab_server.url}/{TOOLKIT}/-/raw/1.2.3/templates/gitlab/template.yml",
        "project": f"project: {TOOLKIT}\n    ref: 1.2.3\n    file: templates/gitlab/template.yml",
        "component": f"component: $CI_SERVER_FQDN/{TOOLKIT}/gitlab@1.2.3",
    }[kind]
    # gitlab-ci-local clones for each include at once, and of two from one project one may fail.
    prefixes = ("api", "web") if kind == "remote" else ("api",)
    pipeline = "include:\n" + "".join(
        f"  - {include}\n    inputs: {{ job-prefix: {prefix} }}\n" for prefix in prefixes
    )
    _checkout(gitlab, gitlab_server, pipeline)
    done = gitlab.run()
    assert done.exit_code == 0, done.log
    assert set(done.results) == {f"{prefix}-{job}" for prefix in prefixes for job in ("make", "use")}
    assert {done.dotenv(f"{prefix}-make")["MADE"] for prefix in prefixes} == set(prefixes)
    assert any(TOOLKIT in path for path in gitlab_server.asked)


@pytest.mark.parametrize("inputs", ["job-prefix: 1st", "engine: podman", "paths: out"])
def test_a_wrong_input_is_refused(gitlab: GitLabLocal, gitlab_server: GitLabServer, inputs: str) -> None:
    pipeline = f"include:\n  - local: local.yml\n    inputs: {{ {inputs} }}\n"
    _checkout(gitlab, gitlab_server, pipeline, template=TEMPLATE)
    assert inputs.partition(":")[0] in gitlab.refusal()


def test_a_job_can_push_to_its_project(gitlab: GitLabLocal, gitlab_server: GitLabServer) -> None:
    push = "git config user.name a && git config user.email a@b.c && git commit --quiet --allow-empty -m pushed"
    _checkout(gitlab, gitlab_server, f"push:\n  script: ['{push} && git push --quiet origin HEAD:main']\n")
    assert gitlab.run().exit_code == 0
    assert git(gitlab_server.directory / "acme/shop.git", "log", "-1", "--format=%s", "main") == "pushed"
