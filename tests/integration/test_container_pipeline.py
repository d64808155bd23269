"""The reusable workflow, run for real by a caller: a job after the other, each on a machine of its own."""

from __future__ import annotations

import json
import secrets
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.harness.act import REPOSITORY
from tests.harness.code_scanning import GitHub
from tests.harness.delivering import proposed, vendor
from tests.harness.delivering_by_jobs import DeliveringByJobs, delivering_by_jobs
from tests.harness.github_events import pull_request, push, tag_push
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Stack
    from tests.harness.act import Act
    from tests.harness.act_log import ActRun

DEVELOPMENT, STAGING, PRODUCTION = (f"deploy/{name}/shop.yaml" for name in ("development", "staging", "production"))
ANNOUNCE = """
  announce:
    needs: deliver
    runs-on: ubuntu-24.04
    permissions: {}
    steps:
      - id: heard
        env:
          OUTPUTS: ${{ toJSON(needs.deliver.outputs) }}
        run: echo "$OUTPUTS"
"""
"""The caller's own job behind the pipeline: it says what the pipeline gave out."""


@pytest.fixture
def shop(act: Act, stack: Stack) -> Iterator[DeliveringByJobs]:
    organisation = f"{stack.registry}/jobs-{secrets.token_hex(4)}"
    with (
        GitHub(repository=REPOSITORY, pending=0).running() as github,
        delivering_by_jobs(act, github, organisation, stack.database, after=ANNOUNCE) as delivering,
    ):
        yield delivering


def pinned_by_the_run(shop: DeliveringByJobs) -> None:
    """Give the run itself a manifest to pin, besides those of the environments."""
    (shop.root / DEVELOPMENT).parent.mkdir()
    shutil.copy(shop.root / STAGING, shop.root / DEVELOPMENT)
    with (shop.root / ".ci-toolkit.yml").open("a", encoding="utf-8") as config:
        config.write("pin:\n  - files: ['deploy/development/*.yaml']\n")


def heard(run: ActRun) -> dict[str, str]:
    """The pipeline's outputs, as a job of the caller sees them."""
    outputs: dict[str, str] = json.loads(run.step("heard", job="announce").log)
    return outputs


def succeeded(run: ActRun) -> set[str]:
    """The jobs that ran to a good end."""
    return {job for job, end in run.jobs.items() if end == "success"}


def handed_on(shop: DeliveringByJobs) -> set[str]:
    """The names of the artifacts."""
    return {path.name for path in shop.artifacts.iterdir()}


def test_a_push_goes_through_every_job_to_production(shop: DeliveringByJobs) -> None:
    pinned_by_the_run(shop)
    revision = shop.commit("a manifest for development")
    run = shop.run(push(revision))
    assert run.exit_code == 0, run.log
    jobs = ["build", "scan", "push", "pin", "staging", "production"]
    assert run.jobs == dict.fromkeys([*jobs, "announce"], "success")
    assert handed_on(shop) == {f"container-{job}" for job in jobs}

    outputs, short = heard(run), revision[:7]
    digest = outputs["digest"]
    own = f"sha-{short}"
    environments = {f"staging-{short}", "staging", f"production-{short}", "production"}
    assert shop.pushed("shop") == dict.fromkeys({own, *environments}, digest)
    assert outputs == {
        "digest": digest,
        "digests": json.dumps({"shop": digest}, separators=(",", ":")),
        "tags": own,
        "version": "",
        "verdict": "pass",
        "references": f"{shop.organisation}/shop:{own}",
        "commit": git(shop.origin, "rev-parse", "main~2"),
    }

    name = f"image: {shop.organisation}/shop"
    assert f"{name}:{own}@{digest} #" in shop.on_main(DEVELOPMENT)
    assert f"{name}:staging-{short}@{digest} #" in shop.on_main(STAGING)
    assert f"{name}:production-{short}@{digest} #" in shop.on_main(PRODUCTION)
    changed = git(shop.origin, "log", "--format=", "--name-only", f"{revision}..main").split()
    assert changed == [PRODUCTION, STAGING, DEVELOPMENT]  # a commit for each, the newest first

    [accepted] = shop.github.accepted
    assert (accepted.body["commit_sha"], accepted.results) == (revision, [0])
    assert shop.github.token not in "".join(p.read_text() for p in shop.artifacts.rglob("*.json"))


def test_a_tag_is_pinned_on_the_default_branch_and_promoted_nowhere(shop: DeliveringByJobs) -> None:
    pinned_by_the_run(shop)
    revision = shop.commit("a manifest for development")
    git(shop.root, "tag", "v1.1.0")
    git(shop.root, "push", "--quiet", "origin", "v1.1.0")
    run = shop.run(tag_push(revision, "v1.1.0"))
    assert run.exit_code == 0, run.log
    assert succeeded(run) == {"build", "scan", "push", "pin", "announce"}
    outputs = heard(run)
    assert outputs["version"] == "1.1.0"
    tags = outputs["tags"].splitlines()
    assert {"1.1.0", f"sha-{revision[:7]}"} <= set(tags)
    assert shop.pushed("shop") == dict.fromkeys(tags, outputs["digest"])
    assert outputs["commit"] == git(shop.origin, "rev-parse", "main")
    assert f"{shop.organisation}/shop:{tags[0]}@{outputs['digest']} #" in shop.on_main(DEVELOPMENT)


def test_a_vulnerable_image_stops_at_the_scan(shop: DeliveringByJobs, packages: dict[str, Path]) -> None:
    vendor(shop.root, packages["vulnerable"])
    revision = shop.commit("an old package")
    run = shop.run(push(revision))
    assert run.exit_code == 1
    assert (succeeded(run), run.jobs["scan"]) == ({"build"}, "failure")
    assert run.step("scan", job="scan").outputs["verdict"] == "fail"
    assert "the gate refuses shop" in run.log
    assert (shop.pushed("shop"), git(shop.origin, "rev-parse", "main")) == ({}, revision)

    [accepted] = shop.github.accepted
    assert accepted.body["commit_sha"] == revision
    assert accepted.results[0] > 0
    assert "CVE-2019-11324" in json.dumps(accepted.sarif)
    assert handed_on(shop) == {"container-build", "container-scan"}
    reports = shop.artifacts / "container-scan/reports/shop"
    assert "CVE-2019-11324" in (reports / "findings.json").read_text()


def test_a_forks_pull_request_ends_with_the_verdict(shop: DeliveringByJobs) -> None:
    base, head = proposed(shop.root)
    git(shop.root, "push", "--quiet", "origin", "HEAD:refs/pull/8/merge")
    shop.github.permitted = False
    run = shop.run(pull_request(8, head=head, base=base, fork=True))
    assert run.exit_code == 0, run.log
    assert succeeded(run) == {"build", "scan", "announce"}
    assert (shop.pushed("shop"), git(shop.origin, "rev-parse", "main")) == ({}, base)
    outputs = heard(run)
    assert (outputs["verdict"], outputs["references"], outputs["commit"]) == ("pass", "", "")
    assert outputs["digest"].startswith("sha256:")
