"""What workflows, examples and pages promise: every action by commit, few rights, an end to every job."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_toolkit.config.delivery import Delivery
from ci_toolkit.config.github_workflow import Place, write_workflow
from tests.harness.workflows import shown

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/github/*/.github/workflows/*.yml")])
PIPELINE = ROOT / ".github/workflows/container-pipeline.yml"
EVERYTHING = Delivery(
    hosts=frozenset({"ghcr.io"}),
    keyless=True,
    commits=True,
    requests=True,
    environments=("staging",),
    secrets=(),
    variables=(),
)
HERE = Place(branch="main", config=".ci-toolkit.yml", version="1.0.0", commit="0" * 40)


def _loaded(file: Path) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def _jobs(file: Path) -> dict[str, Any]:
    jobs: dict[str, Any] = _loaded(file)["jobs"]
    return jobs


def _called(text: str) -> list[tuple[str, str, str]]:
    """Every action that is called: its name, its revision, its version."""
    return [
        (name, revision, version)
        for name, revision, version in re.findall(r"uses: ([\w./-]+)@(\S+)(?: # (\S+))?", text)
        if not name.startswith("./")
    ]


def test_every_action_is_called_by_one_commit_with_its_version_everywhere() -> None:
    texts = [file.read_text(encoding="utf-8") for file in [*WORKFLOWS, *sorted(ROOT.glob("docs/*.md"))]]
    found = defaultdict(set)
    for name, revision, version in _called("\n".join([*texts, write_workflow(EVERYTHING, HERE)])):
        assert re.fullmatch(r"[0-9a-f]{40}", revision), f"{name}@{revision}"
        owner = "/".join(name.split("/")[:2])
        if owner != "ci-toolkit/ci-toolkit":
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), f"{name}@{revision} # {version}"
            found[owner].add((revision, version))
    assert {"actions/checkout", "actions/upload-artifact", "sigstore/cosign-installer"} <= set(found)
    assert {name: pairs for name, pairs in found.items() if len(pairs) > 1} == {}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_right_is_given_to_a_whole_workflow_and_every_job_ends(file: Path) -> None:
    assert _loaded(file)["permissions"] == {}
    for name, job in _jobs(file).items():
        assert "permissions" in job, name
        assert "timeout-minutes" in job or "uses" in job, name
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                pushes = "ssh-key" in step["with"]
                assert step["with"]["persist-credentials"] is pushes, name


def test_whatever_a_caller_may_say_is_described_and_has_a_default() -> None:
    call = _loaded(PIPELINE)[True]["workflow_call"]
    for name, entry in call["inputs"].items():
        assert entry["description"].endswith("."), name
        assert entry["type"] in ("string", "boolean", "number"), name
        assert isinstance(entry["default"], {"string": str, "boolean": bool, "number": int}[entry["type"]]), name
    assert all(secret["description"] and secret["required"] is False for secret in call["secrets"].values())
    text = PIPELINE.read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(call["inputs"])
    assert set(re.findall(r"secrets\.([\w-]+)", text)) == set(call["secrets"])


def test_every_output_of_the_pipeline_is_a_jobs_and_every_jobs_is_a_steps() -> None:
    jobs, call = _jobs(PIPELINE), _loaded(PIPELINE)[True]["workflow_call"]
    for output in call["outputs"].values():
        for job, name in re.findall(r"jobs\.(\w+)\.outputs\.(\w+)", output["value"]):
            assert name in jobs[job]["outputs"]
    for job in jobs.values():
        steps = {step["id"] for step in job["steps"] if "id" in step}
        assert {re.findall(r"steps\.(\w+)\.", value)[0] for value in job.get("outputs", {}).values()} <= steps


def test_what_one_job_of_the_pipeline_hands_on_the_next_ones_take() -> None:
    given: set[str] = set()
    for name, job in _jobs(PIPELINE).items():
        steps = [step for step in job["steps"] if "artifact@" in step.get("uses", "")]
        taken = [step["with"]["name"] for step in steps if "download" in step["uses"]]
        for artifact in taken:
            ends = re.findall(r"(?<=-)\w+$|(?<=')\w+(?=')", artifact)
            assert ends, artifact
            assert set(ends) <= given, f"{name} takes {artifact}"
        (handed,) = [step["with"]["name"] for step in steps if "upload" in step["uses"]]
        given.add(handed.rpartition("-")[2])
    assert given == set(_jobs(PIPELINE))


def test_a_caller_gives_as_much_as_the_jobs_of_the_pipeline_ask_for() -> None:
    asked: dict[str, str] = {}
    for job in _jobs(PIPELINE).values():
        for scope, right in job["permissions"].items():
            asked[scope] = max(asked.get(scope, "read"), right)  # "write" is after "read"
    (caller,) = _jobs(ROOT / "examples/github/promotion/.github/workflows/container.yml").values()
    assert caller["permissions"] == asked


def test_nothing_of_a_pull_request_is_pinned_or_promoted() -> None:
    jobs = _jobs(PIPELINE)
    assert jobs["pin"]["if"] == "${{ !startsWith(github.event_name, 'pull_request') }}"
    assert "needs.pin.result == 'success'" in jobs["production"]["if"]
    assert jobs["staging"]["needs"] == "pin"
    assert "head.repo.full_name == github.repository" in jobs["push"]["if"]


def test_a_promotion_waits_for_its_environments_rules_and_for_its_forerunner() -> None:
    for name, job in _jobs(PIPELINE).items():
        promotes = name in ("staging", "production")
        assert job.get("environment") == (f"${{{{ inputs.{name} }}}}" if promotes else None)
        group = f"container-pipeline-${{{{ inputs.{name} }}}}"
        assert job.get("concurrency") == ({"group": group, "cancel-in-progress": False} if promotes else None)


def _ours(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [step for step in steps if step.get("uses", "").startswith("ci-toolkit/ci-toolkit@")]


def test_whatever_a_step_tells_the_action_or_asks_of_it_is_in_action_yml() -> None:
    action, asked = _loaded(ROOT / "action.yml"), 0
    for file, text in _everything():
        for name, job in yaml.safe_load(text)["jobs"].items():
            ours = _ours(job.get("steps", []))
            assert {word for step in ours for word in step.get("with", {})} <= set(action["inputs"]), (file, name)
            for identifier in (step["id"] for step in ours if "id" in step):
                read = set(re.findall(rf"steps\.{identifier}\.outputs\.([\w-]+)", yaml.safe_dump(job, width=10_000)))
                assert read <= set(action["outputs"]), (file, name)
                asked += len(read)
    assert asked


def test_whatever_a_caller_tells_the_pipeline_or_asks_of_it_is_there() -> None:
    call, callers = _loaded(PIPELINE)[True]["workflow_call"], 0
    for file, text in _everything():
        for name, job in yaml.safe_load(text)["jobs"].items():
            if "/container-pipeline.yml@" not in job.get("uses", ""):
                continue
            callers += 1
            assert set(job.get("with", {})) <= set(call["inputs"]), file
            assert set(job.get("secrets", {})) <= set(call["secrets"]), file
            assert set(re.findall(rf"needs\.{name}\.outputs\.([\w-]+)", text)) <= set(call["outputs"]), file
    assert callers > 1


def _everything() -> list[tuple[str, str]]:
    """Every workflow that we run or show, with the place it stands at."""
    files = [(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")) for file in WORKFLOWS]
    pages = [(str(page.relative_to(ROOT)), text) for page in sorted(ROOT.glob("docs/*.md")) for text in shown(page)]
    return [*files, *pages, ("init --github", write_workflow(EVERYTHING, HERE))]
