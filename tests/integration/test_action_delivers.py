"""The action in real workflows: examples of ours, run by act on the toolkit's own image."""

from __future__ import annotations

import json
import secrets
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.harness.act import REPOSITORY
from tests.harness.code_scanning import GitHub
from tests.harness.delivering import Delivering, delivering, proposed, vendor
from tests.harness.github_events import pull_request, push, tag_push
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Stack
    from tests.harness.act import Act

MANIFEST = "deploy/shop.yaml"
_ONLY = "1"
"""The action's step in the one-job example: the second, without an id."""


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(repository=REPOSITORY, pending=0).running() as running:
        yield running


@pytest.fixture
def organisation(stack: Stack) -> str:
    return f"{stack.registry}/action-{secrets.token_hex(4)}"


@pytest.fixture
def shop(act: Act, github: GitHub, organisation: str, stack: Stack) -> Delivering:
    return delivering("one-job", act, github, organisation, stack.database)


def test_a_push_delivers_to_the_manifests(shop: Delivering) -> None:
    revision = git(shop.root, "rev-parse", "HEAD")
    shop.github.pending = 1
    run = shop.run(push(revision))
    assert run.exit_code == 0, run.log
    step = run.step(_ONLY)

    outputs, pushed = step.outputs, shop.pushed("shop")
    assert set(pushed.values()) == {outputs["digest"]}
    assert f"sha-{revision[:7]}" in pushed
    assert json.loads(outputs["digests"]) == {"shop": outputs["digest"]}
    assert outputs["references"].splitlines() == [
        f"{shop.organisation}/shop:{t}" for t in outputs["tags"].splitlines()
    ]
    assert (outputs["verdict"], outputs["changed-files"]) == ("pass", MANIFEST)
    assert json.loads((shop.root / outputs["state"]).read_text())["images"]["shop"]["digest"] == outputs["digest"]
    assert json.loads((shop.root / outputs["sarif"]).read_text())["version"] == "2.1.0"

    assert outputs["digest"] in shop.on_main(MANIFEST)
    assert outputs["commit"] == git(shop.origin, "rev-parse", "main") == git(shop.root, "rev-parse", "HEAD")
    assert git(shop.root, "status", "--porcelain") == ""

    [accepted] = shop.github.accepted
    assert (accepted.body["commit_sha"], accepted.body["ref"]) == (revision, "refs/heads/main")
    assert accepted.categories == ["container/shop/linux-amd64/"]
    assert accepted.results == [0]

    assert step.summary.startswith("## ✅ shop: built, passed the gate, pushed to 1 repository, 1 place pinned")
    assert outputs["digest"] in step.summary
    assert "```mermaid" in step.summary
    assert shop.github.token in step.masks
    assert shop.github.token not in step.log + step.summary
    groups = [command.removeprefix("::group::") for command in step.commands() if command.startswith("::group::")]
    assert groups == ["build", "tag", "scan", "push", "sarif", "pin", "commit"]
    [(message, place)] = step.annotations("notice")
    assert (place["file"], outputs["digest"] in message) == (MANIFEST, True)
    assert run.step(_ONLY, stage="Post").result == "success"


def test_a_second_push_of_the_same_changes_nothing(shop: Delivering) -> None:
    revision = git(shop.root, "rev-parse", "HEAD")
    assert shop.run(push(revision)).exit_code == 0
    before, head = shop.pushed("shop"), git(shop.origin, "rev-parse", "main")
    again = shop.run(push(head))
    assert again.exit_code == 0, again.log
    assert git(shop.origin, "rev-parse", "main") == head
    assert before.items() <= shop.pushed("shop").items()


def test_a_tag_delivers_its_version(shop: Delivering) -> None:
    run = shop.run(tag_push(git(shop.root, "rev-parse", "HEAD"), "v1.0.0"))
    assert run.exit_code == 0, run.log
    outputs = run.step(_ONLY).outputs
    assert outputs["version"] == "1.0.0"
    pushed = shop.pushed("shop")
    assert pushed["1.0.0"] == pushed["latest"] == outputs["digest"]
    assert outputs["commit"] == git(shop.origin, "rev-parse", "main")
    assert shop.github.accepted[0].body["ref"] == "refs/tags/v1.0.0"


def test_a_pull_request_of_our_own_commits_nothing(shop: Delivering) -> None:
    base, head = proposed(shop.root)
    run = shop.run(pull_request(7, head=head, base=base))
    assert run.exit_code == 0, run.log
    step = run.step(_ONLY)
    assert "commit: left out, because a pull request's run commits nothing" in step.log
    assert step.outputs["commit"] == ""
    assert f"sha-{head[:7]}" in shop.pushed("shop")
    assert git(shop.origin, "rev-parse", "main") == base
    assert shop.github.accepted[0].body["ref"] == "refs/pull/7/head"


def test_a_forks_pull_request_leaves_nothing(shop: Delivering) -> None:
    base, head = proposed(shop.root)
    shop.github.permitted = False
    run = shop.run(pull_request(8, head=head, base=base, fork=True))
    assert run.exit_code == 0, run.log
    step = run.step(_ONLY)
    assert step.outputs["verdict"] == "pass"
    assert step.outputs["references"] == ""
    assert "push: left out, because this run isn't trusted: a pull request from the fork stranger/hello" in step.log
    assert "skipped because the pull request comes from a fork" in step.log
    assert (shop.pushed("shop"), git(shop.origin, "rev-parse", "main")) == ({}, base)
    assert MANIFEST not in step.outputs["changed-files"]


def test_a_vulnerable_image_stops_at_the_gate(shop: Delivering, packages: dict[str, Path]) -> None:
    vendor(shop.root, packages["vulnerable"])
    revision = shop.commit("an old package")
    run = shop.run(push(revision))
    assert run.exit_code == 1
    step = run.step(_ONLY)
    assert (step.result, step.outputs["verdict"]) == ("failure", "fail")
    assert (shop.pushed("shop"), git(shop.origin, "rev-parse", "main")) == ({}, revision)
    assert (step.outputs["changed-files"], step.outputs["commit"]) == ("", "")
    [accepted] = shop.github.accepted
    assert accepted.results[0] > 0
    assert "CVE-2019-11324" in json.dumps(accepted.sarif)
    assert step.summary.startswith("## ⛔ Refused by the gate: shop")
    assert "CVE-2019-11324" in step.summary.replace("\\", "")
    assert "scan.ignore" in step.summary
    places = {(place.get("file"), place.get("line")) for _, place in step.annotations("error")}
    assert ("Dockerfile", "3") in places, "the line that copies the package"
    assert any("the gate refuses shop" in message for message, _ in step.annotations("error"))


def test_steps_apart_hand_on_what_they_know(act: Act, github: GitHub, organisation: str, stack: Stack) -> None:
    apart = delivering("steps-apart", act, github, organisation, stack.database)
    run = apart.run(push(git(apart.root, "rev-parse", "HEAD")))
    assert run.exit_code == 0, run.log
    digest = run.step("push").outputs["digest"]
    assert f"the gate says pass to {digest}" in run.log
    assert f"delivered {digest}" in run.log
    assert set(apart.pushed("shop").values()) == {digest}
    assert digest in apart.on_main(MANIFEST)
    summaries = [run.step(name).summary for name in ("scan", "push")]
    assert [("passed the gate" in text, "Pushed to" in text) for text in summaries] == [(True, False), (False, True)]


def test_a_cancelled_job_leaves_nothing_behind(shop: Delivering) -> None:
    with (shop.root / "Dockerfile").open("a", encoding="utf-8") as dockerfile:
        dockerfile.write("RUN echo at work && sleep 600\n")
    revision = shop.commit("a slow build")
    name = (shop.root / ".github/workflows/pipeline.yml").read_text().split()[2]
    with shop.act.started(push(revision), **shop.options) as run:
        run.wait_for("at work")
        assert containers(name)
        run.cancel()
    assert run.exit_code == 1
    assert "there was no login" in run.step(_ONLY, stage="Post").log, run.log
    assert shop.pushed("shop") == {}
    assert containers(name) == ""


def containers(name: str) -> str:
    """The containers with this in their names."""
    listed = ["docker", "ps", "-aq", "--filter", f"name={name}"]
    return subprocess.run(listed, capture_output=True, check=True, text=True).stdout
