"""What teams include in GitLab: inputs, what they expand to, that two instances don't meet."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from ci_toolkit.cli.main import cli
from tests.harness.gitlab_inputs import RefusedError, Template

ROOT = Path(__file__).parent.parent.parent
DIRECTORY = ROOT / "templates/gitlab"
FILES = sorted(DIRECTORY.glob("*.yml"))
NAMES = [file.stem for file in FILES]
REQUIRED = {"promote": {"environment": "staging"}}
OTHER: dict[str, Any] = {
    "job-prefix": "api",
    "image": "registry.example.com/toolkit@sha256:" + "1" * 64,
    "config": "services/api/.ci-toolkit.yml",
    "images": ["api", "worker"],
    "workdir": "services/api/.ci-toolkit",
    "args": "--verbose --no-color",
    "timeout": "20 minutes",
    "expire-in": "1 hour",
    "state-expire-in": "1 year",
    "ecr-audience": "https://gitlab.example.com",
    "acr-audience": "api://other",
    "google-audience": "https://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/g",
    "engine": "buildkit",
    "dind-image": "mirror.example.com/docker@sha256:" + "2" * 64,
    "buildkit-image": "mirror.example.com/buildkit@sha256:" + "3" * 64,
    "environment": "qa",
    "staging": "qa",
    "production": "live",
    "url": "https://qa.example.com",
    "after": "push",
    "when": "on_success",
    "staging-when": "manual",
    "stage": "release",
    "rules": [{"if": '$CI_COMMIT_TAG =~ /^v[0-9"]+/', "when": "manual", "allow_failure": False}, {"when": "never"}],
}
"""A value that is no default, by input; a prefixed one of the whole pipeline has its own part's."""
WRONG: dict[str, list[Any]] = {
    "job-prefix": ["Image", "", "a b", 1],
    "image": ["", "a'b", "a b", ["x"]],
    "images": ["backend", True],
    "config": ["a b", "$(touch x)", "'"],
    "workdir": ["", "/absolute", "a;b"],
    "engine": ["kaniko", ""],
    "when": ["never", "always"],
    "rules": ["on_success", {"when": "always"}],
    "environment": ["", "a b", "x/y"],
    "url": ["", "javascript:alert(1)"],
    "args": [["--verbose"], 3],
    "timeout": [60],
}
GLOBALS = {
    "stages",
    "workflow",
    "variables",
    "default",
    "include",
    "image",
    "services",
    "before_script",
    "after_script",
}


def template(name: str) -> Template:
    return Template.read(DIRECTORY / f"{name}.yml")


def expand(name: str, **given: Any) -> dict[str, Any]:
    return template(name).expand(REQUIRED.get(name, {}) | given)


def jobs(pipeline: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: job for name, job in pipeline.items() if not name.startswith(".")}


def other(name: str) -> Any:
    """A value for an input that is not its default."""
    return OTHER[name] if name in OTHER else OTHER[name.split("-", 1)[1]]


def check(directory: Path, pipelines: list[dict[str, Any]]) -> None:
    """Hold expanded pipelines against GitLab's own schema."""
    files: list[Path] = []
    for number, pipeline in enumerate(pipelines):
        files.append(directory / f"{number}.json")
        files[-1].write_text(json.dumps(pipeline))
    command: list[str | Path] = [
        Path(sys.executable).parent / "check-jsonschema",
        "--builtin-schema",
        "vendor.gitlab-ci",
        "--disable-formats",
        "uri",  # GitLab takes variables in them
        *files,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_files_are_as_generated() -> None:
    command = [sys.executable, str(ROOT / "scripts/generate_templates.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_published_hashes_are_the_files() -> None:
    lines = (DIRECTORY / "integrity.txt").read_text(encoding="utf-8").splitlines()
    assert dict(line.split(" ") for line in lines) == {
        file.name: f"sha256-{base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()}" for file in FILES
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_input_says_what_it_is(name: str) -> None:
    for one, definition in template(name).inputs.items():
        assert {"description", "type"} <= definition.keys(), one
        assert definition["description"].endswith("."), one
        assert "/" not in definition.get("regex", "")[:1], one
        assert "default" in definition or one in REQUIRED[name], one


@pytest.mark.parametrize("name", NAMES)
def test_every_input_changes_the_pipeline_and_gitlab_takes_it(name: str, tmp_path: Path) -> None:
    plain = expand(name)
    changed = {one: expand(name, **{one: other(one)}) for one in template(name).inputs}
    assert [one for one, pipeline in changed.items() if pipeline == plain] == []
    everything = expand(name, **{one: other(one) for one in template(name).inputs})
    check(tmp_path, [plain, everything, *changed.values()])


@pytest.mark.parametrize("engine", ["dind", "socket", "buildkit"])
def test_the_build_extends_its_engine(engine: str, tmp_path: Path) -> None:
    pipeline = expand("build", engine=engine)
    assert pipeline["image-build"]["extends"] == [".image-build-base", f".image-engine-{engine}"]
    assert pipeline["image-build"]["extends"][1] in pipeline
    check(tmp_path, [pipeline])


@pytest.mark.parametrize("name", NAMES)
def test_wrong_inputs_are_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="unknown input"):
        expand(name, job_prefix="x")
    for one in template(name).inputs:
        for value in WRONG.get(one, []):
            with pytest.raises(RefusedError, match=f"`{one}`"):
                expand(name, **{one: value})


def test_a_promotion_wants_an_environment() -> None:
    with pytest.raises(RefusedError, match="`environment`: required"):
        template("promote").expand()


@pytest.mark.parametrize("name", NAMES)
def test_no_globals_and_every_name_behind_the_prefix(name: str) -> None:
    pipeline = expand(name, **{"job-prefix": "api"})
    assert not GLOBALS & pipeline.keys()
    assert all(re.match(r"\.?api-", one) for one in pipeline)
    for job in pipeline.values():
        assert not {"before_script", "after_script", "only", "except"} & job.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_job_calls_the_command_once(name: str) -> None:
    for job in jobs(expand(name, images=["api"])).values():
        (line,) = job["script"]
        assert not re.search(r"[;&|`$<>\n]", line)
        program, command, *arguments = shlex.split(line)
        assert program == "ci-toolkit"
        found = cli.get_command(click.Context(cli), command)
        assert found is not None
        flags = {option for parameter in found.params for option in parameter.opts}
        assert {flag for flag in arguments if flag.startswith("--")} <= flags
        assert arguments[arguments.index("--image") + 1] == '["api"]'


@pytest.mark.parametrize("name", NAMES)
def test_jobs_wait_for_one_another_and_hand_on_what_the_next_wants(name: str) -> None:
    needed = {"scan": "build", "push": "scan", "pin": "push", "promote-staging": "pin"}
    needed["promote-production"] = "promote-staging"
    for job_name, job in jobs(expand(name)).items():
        step = job_name.removeprefix("image-")
        assert job.get("needs", []) == ([f"image-{needed[step]}"] if step in needed else [])
        whole = [".ci-toolkit"] if step in ("build", "scan") else [".ci-toolkit/state.json", ".ci-toolkit/reports"]
        assert job["artifacts"]["paths"] == whole
        assert job["artifacts"].get("exclude", []) == [f"{path}/ignore.yml" for path in whole if path == ".ci-toolkit"]
        assert job["interruptible"] is (step in ("build", "scan"))
        assert job["stage"] == {"build": "build", "scan": "test"}.get(step, "deploy")


def test_the_whole_pipeline_is_the_steps_in_one_file() -> None:
    whole = expand("template")
    for name in ("build", "scan", "push", "pin"):
        for one, job in jobs(expand(name)).items():
            extends = json.dumps(job).replace(f".image-{name}-base", ".image-base")
            assert whole[one] == json.loads(extends)
    promotion = [{"if": "$CI_COMMIT_TAG"}]
    whole = expand("template", **{"staging-rules": promotion})
    promote = expand("promote", environment="staging", when="on_success", rules=promotion)
    assert whole["image-promote-staging"] == {**promote["image-promote-staging"], "extends": ".image-base"}


def test_promotions_of_the_whole_pipeline_are_off_until_their_rules_are_given() -> None:
    pipeline = expand("template")
    for environment in ("staging", "production"):
        assert pipeline[f"image-promote-{environment}"]["rules"] == [{"when": "never"}]


def test_two_instances_have_nothing_in_common() -> None:
    first, second = expand("template", images=["api"]), expand("template", **{"job-prefix": "web", "images": ["web"]})
    assert not first.keys() & second.keys()
    for prefix, pipeline in (("image", first), ("web", second)):
        for job in jobs(pipeline).values():
            assert all(need.startswith(f"{prefix}-") for need in job.get("needs", []))


def test_two_promotions_in_one_pipeline_have_only_what_is_equal_in_common() -> None:
    assert not expand("promote", environment="staging").keys() & expand("promote", environment="production").keys()


def test_steps_included_one_by_one_have_each_their_base() -> None:
    pipelines = [expand(name) for name in NAMES if name != "template"]
    names = [name for pipeline in pipelines for name in pipeline]
    assert len(names) == len(set(names))
    assert {name for name in names if name.endswith("-base")} == {
        *(f".image-{step}-base" for step in ("build", "scan", "push", "pin", "promote-staging")),
    }


@pytest.mark.parametrize("name", ["scan", "template"])
def test_the_scan_hands_on_one_file_of_a_report_where_gitlab_takes_one(name: str) -> None:
    reports = expand(name)["image-scan"]["artifacts"]["reports"]
    # A second file of these fails the job, "only one file can be sent as raw" (GitLab, issue 428235).
    assert reports["container_scanning"] == ".ci-toolkit/reports/gl-container-scanning-report.json"
    assert reports["codequality"] == ".ci-toolkit/reports/gl-code-quality-report.json"
    every = [".ci-toolkit/reports/api/cyclonedx.json", ".ci-toolkit/reports/api/cyclonedx-linux-arm64.json"]
    assert fnmatch.filter(every, reports["cyclonedx"]) == every


@pytest.mark.parametrize("value", ["$CI_REGISTRY/mirror/toolkit@sha256:1", "${MIRROR}/toolkit@sha256:1"])
def test_the_image_may_be_of_a_mirror_that_a_variable_names(value: str) -> None:
    assert expand("build", image=value)[".image-build-base"]["image"]["name"] == value


@pytest.mark.parametrize("name", NAMES)
def test_retries_are_for_what_the_runner_did(name: str) -> None:
    (base,) = (job for one, job in expand(name).items() if one.endswith("-base"))
    assert "script_failure" not in base["retry"]["when"]
    assert "always" not in base["retry"]["when"]


@pytest.mark.parametrize("name", NAMES)
def test_every_image_is_named_by_digest(name: str) -> None:
    images = [one["default"] for key, one in template(name).inputs.items() if key.endswith("image")]
    assert images
    for image in images:
        assert re.search(r"@sha256:[0-9a-f]{64}$", image)
