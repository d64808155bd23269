"""What the harness promises to tests of the action: a workflow really runs, and its results are told."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.harness.github_events import pull_request, push, tag_push
from tests.harness.project import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.act import Act

ACTION = """\
name: a stand-in for the toolkit's own
description: runs what it is told
inputs:
  args: { description: the script, default: "" }
  dry-run: { description: an input with a hyphen, default: "false" }
outputs:
  digest: { description: an output }
runs:
  using: docker
  image: Dockerfile
  entrypoint: /usr/bin/python3
  post-entrypoint: /usr/bin/python3
"""
WORKFLOW = """\
on: [push, pull_request, pull_request_target]
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
      - id: ci
        uses: ./.github/actions/ci-toolkit
        with: { args: main.py }
      - id: after
        run: echo "digest is ${{ steps.ci.outputs.digest }}"
"""
SAYS = r"""
import os
env = os.environ
print("dry-run", env["INPUT_DRY-RUN"])
print("event", env["GITHUB_EVENT_NAME"], env["GITHUB_REF"], env["GITHUB_SHA"], env["GITHUB_ACTOR"])
print("api", env["GITHUB_API_URL"])
print("::group::a group")
print("::add-mask::hidden-value")
print("hidden-value is masked, and so is", env["TOKEN"])
print("::endgroup::")
print("::error file=Dockerfile,line=3,title=a%2C b::c%0Ad")
print("::stop-commands::resume")
print("::error::not one")
print("::resume::")
with open(env["GITHUB_OUTPUT"], "a") as file:
    file.write("digest<<EOF\nsha256:1\nEOF\n")
with open(env["GITHUB_STEP_SUMMARY"], "a") as file:
    file.write("# What happened\n")
with open("written", "w") as file:
    file.write("by the action")
"""


@pytest.fixture
def checkout(act: Act) -> Act:
    """A repository with the stand-in action and the workflow that uses it."""
    act.root.mkdir()
    git(act.root, "init", "-q")
    act.add_action(ACTION)
    act.add_workflow(WORKFLOW)
    return act


def committed(root: Path, script: str) -> str:
    """Commit this as what the action runs, and return the revision."""
    (root / "main.py").write_text(script, encoding="utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all")
    return git(root, "rev-parse", "HEAD")


def test_a_steps_results_are_there_to_be_looked_at(checkout: Act) -> None:
    revision = committed(checkout.root, SAYS + "import sys; sys.exit('main.py' not in sys.argv[0])")
    env = {"GITHUB_API_URL": "http://localhost:1", "TOKEN": "from-the-secrets"}
    run = checkout.run(push(revision), secrets={"TOKEN": "from-the-secrets"}, env=env)
    step = run.step("ci")
    assert step.result == "success", run.log
    assert step.outputs == {"digest": "sha256:1"}
    assert step.summary == "# What happened\n"
    assert step.masks == ["hidden-value"]
    assert step.annotations("error") == [("c\nd", {"file": "Dockerfile", "line": "3", "title": "a, b"})]
    assert step.ignored() == ["⚙  ::error::not one"]
    assert step.commands()[0] == "::group::a group"
    assert step.log.splitlines() == [
        "dry-run false",
        f"event push refs/heads/main {revision} octocat",
        "api http://localhost:1",
        "*** is masked, and so is ***",
    ]
    assert run.step("after").log == "digest is sha256:1\n"
    assert (checkout.root / "written").read_text() == "by the action"


def test_events_are_what_github_sends(checkout: Act) -> None:
    revision = committed(checkout.root, SAYS + "print(env['GITHUB_HEAD_REF'], env['GITHUB_BASE_REF'])")
    tag = checkout.run(tag_push(revision, "v1.0.0"), env={"TOKEN": ""})
    assert f"event push refs/tags/v1.0.0 {revision} octocat\n" in tag.step("ci").log, tag.log
    fork = checkout.run(pull_request(7, head=revision, base=revision, fork=True), env={"TOKEN": ""})
    assert f"event pull_request refs/pull/7/merge {revision} stranger\n" in fork.step("ci").log, fork.log
    assert "change main\n" in fork.step("ci").log


def test_a_failed_step_fails_the_run_and_has_its_post_step(checkout: Act) -> None:
    revision = committed(checkout.root, "import sys; sys.exit('no')")
    run = checkout.run(push(revision))
    assert run.exit_code == 1
    assert run.step("ci").result == "failure"
    assert run.step("after").result == ""
    assert run.step("ci", stage="Post").log == "no\n"


def test_a_cancelled_step_is_killed_and_its_post_step_runs(checkout: Act) -> None:
    script = "import os, time\nprint('under way', os.uname().nodename, flush=True)\nif not os.path.exists('mark'):\n"
    revision = committed(checkout.root, script + "    open('mark', 'w').close()\n    time.sleep(3600)\n")
    with checkout.started(push(revision)) as run:
        run.wait_for("under way")
        run.cancel()
    assert run.exit_code == 1
    assert "under way" in run.step("ci", stage="Post").log, run.log
    left = subprocess.run(["docker", "ps", "-aq", "--filter", "name=act-pipeline"], capture_output=True, check=True)
    assert left.stdout == b""


def test_a_published_action_can_be_a_directory(checkout: Act) -> None:
    directory = checkout.add_action(ACTION, directory="../published")
    checkout.add_workflow(WORKFLOW.replace("./.github/actions/ci-toolkit", "acme/ci-toolkit@v1"))
    revision = committed(checkout.root, "print('published')")
    run = checkout.run(push(revision), local={"acme/ci-toolkit@v1": directory.resolve()})
    assert run.exit_code == 0, run.log
    assert run.step("ci").log == "published\n"
