"""The gate's policy of the base revision: no change relaxes its own gate."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.delivered import tags_in
from tests.harness.github_runner import read_log
from tests.harness.project import git
from tests.harness.proposal import Proposal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack

VULNERABLE = "1.24.1"
FROM_BASE = "policy-from: base\ngate: {severity: high}"
OFF = "gate: {severity: none}"
IGNORED = "\n".join(
    f"  - {{id: {name}, reason: mine, owner: me, expires: '{date.today() + timedelta(days=30)}'}}"  # noqa: DTZ011
    for name in ("CVE-2018-25091", "CVE-2019-11236", "CVE-2019-11324", "CVE-2020-26137", "CVE-2023-43804")
)


@pytest.fixture
def proposal(stack: Stack, tmp_path: Path) -> Proposal:
    """A project whose image the gate refuses."""
    repository = f"{stack.registry}/test/policy-{uuid.uuid4().hex[:12]}"
    return Proposal(tmp_path / "proposal", repository, stack.database, VULNERABLE)


def proposed(proposal: Proposal, base: str, head: str, event: str = "pull_request-branch") -> Proposal:
    """The proposal with these `scan` sections in base and head."""
    for scan in (base, head):
        proposal.configure(scan=scan)
        proposal.commit()
    proposal.event(event)
    return proposal


@pytest.mark.parametrize("head", [OFF, f"policy-from: head\n{OFF}", f"{FROM_BASE}\nignore:\n{IGNORED}"])
@pytest.mark.parametrize("event", ["pull_request-branch", "merge_group"])
def test_a_change_that_relaxes_its_gate_is_refused_all_the_same(proposal: Proposal, head: str, event: str) -> None:
    proposed(proposal, FROM_BASE, head, event)
    done = proposal.run("run")
    assert done.returncode == 1, done.stderr
    origin = f"base {proposal.base[:12]}"
    assert f"the gate's policy is that of {origin}, not the checked-out config's" in done.stderr
    assert "the gate refuses app" in done.stderr
    assert proposal.image["scan"]["policy_from"] == origin
    assert f"<dd>{origin}</dd>" in (proposal.project / proposal.image["reports"]["html"]).read_text(encoding="utf-8")
    assert tags_in(proposal.repository) == []
    later = proposal.run("push")
    assert (later.returncode, "the gate refuses it" in later.stderr) == (1, True)
    sarif = proposal.run("sarif")
    assert sarif.returncode == 0
    document = json.loads((proposal.project / proposal.image["reports"]["sarif"]).read_text())
    assert [r for run in document["runs"] for r in run["results"] if r.get("suppressions")] == []


def test_what_is_merged_counts_on_a_push(proposal: Proposal) -> None:
    proposed(proposal, FROM_BASE, f"policy-from: base\n{OFF}", "push")
    done = proposal.run("run", "--steps", "build,tag,scan")
    assert done.returncode == 0, done.stderr
    assert (proposal.image["verdict"], "policy_from" in proposal.image["scan"]) == ("none", False)


def test_later_jobs_agree_with_the_verdict(stack: Stack, tmp_path: Path) -> None:
    repository = f"{stack.registry}/test/policy-{uuid.uuid4().hex[:12]}"
    proposal = proposed(Proposal(tmp_path / "proposal", repository, stack.database), FROM_BASE, "timeout: 20m")
    for command in (["build"], ["tag"], ["scan"], ["push"], ["sarif"], ["promote", "staging"]):
        done = proposal.run(*command)
        assert done.returncode == 0, done.stderr
    assert tags_in(repository) == ["1.0", "staging"]


def test_a_forced_policy_is_the_bases_in_every_job(stack: Stack, tmp_path: Path) -> None:
    repository = f"{stack.registry}/test/policy-{uuid.uuid4().hex[:12]}"
    proposal = proposed(Proposal(tmp_path / "proposal", repository, stack.database), "", OFF)
    assert proposal.run("run", "--steps", "build,tag").returncode == 0
    scanned = proposal.run("scan", "--policy-from", "base", "--quiet")
    assert scanned.returncode == 0, scanned.stderr
    assert proposal.image["verdict"] == "pass"
    assert proposal.run("push", "--policy-from", "base").returncode == 0


@pytest.mark.parametrize(
    ("base", "head", "flags", "expected"),
    [
        ("", OFF, (), "off"),
        ("", OFF, ("--policy-from", "head"), "off"),
        ("", OFF, ("--policy-from", "base"), "by base"),
        ("", f"policy-from: base\n{OFF}", (), "by base"),
        (FROM_BASE, OFF, (), "by base"),
        (FROM_BASE, OFF, ("--policy-from", "head"), "by base"),
    ],
)
def test_either_side_may_say_that_the_base_counts(
    proposal: Proposal, base: str, head: str, flags: tuple[str, ...], expected: str
) -> None:
    gate = proposed(proposal, base, head).gate(*flags)
    assert gate.startswith(expected)
    assert ("high on fail" in gate) == (expected == "by base")


def test_a_config_put_nearer_is_not_the_bases(proposal: Proposal) -> None:
    nearer = proposal.project / "app"
    proposal.configure(scan=FROM_BASE)
    proposal.commit()
    proposal.configure(scan=OFF)
    shutil.copy(proposal.config, nearer / ".ci-toolkit.yml")
    shutil.copy(proposal.project / "Dockerfile", nearer)
    proposal.commit()
    proposal.event("pull_request-branch")
    command = [*("plan", "--steps", "scan"), "-c", str(nearer / ".ci-toolkit.yml")]
    assert "gate: off" in proposal.run(*command).stdout
    assert "gate: by base" in proposal.workplace.run("plan", "--steps", "scan", cwd=nearer).stdout


def test_a_base_without_a_config_relaxes_nothing_and_is_told(proposal: Proposal) -> None:
    proposal.commit()
    proposal.configure(scan=FROM_BASE)
    proposal.commit()
    proposal.event("pull_request-branch")
    done = proposal.run("scan")
    assert "::warning::the gate's policy is the change's own: the base has no config yet" in done.stderr
    assert "from high on fail" in proposal.gate()


def test_a_broken_base_is_named_by_line(proposal: Proposal) -> None:
    proposed(proposal, "gate: {severity: hihg}", FROM_BASE)
    done = proposal.run("scan")
    assert done.returncode == 2
    assert f"{proposal.base[:12]}:.ci-toolkit.yml:4:20: scan.gate.severity" in done.stderr
    proposal.configure(scan=OFF)
    proposal.commit()
    proposal.event("pull_request-branch")
    done = proposal.run("scan")
    assert "the gate's policy is the change's own, for the base's can't be read" in done.stderr
    assert "scan.gate.severity" in done.stderr


def test_what_else_is_wrong_with_the_base_does_not_matter(proposal: Proposal) -> None:
    proposal.configure("imagse: {}", "registries: {x: {auth: {username: a, password: '${NOT_SET}'}}}", scan=FROM_BASE)
    proposal.commit()
    proposal.configure(scan=OFF)
    proposal.commit()
    proposal.event("pull_request-branch")
    assert proposal.gate().startswith("by base")


def test_a_replacement_in_the_clone_speaks_for_no_revision(proposal: Proposal) -> None:
    proposed(proposal, FROM_BASE, OFF)
    git(proposal.project, "replace", proposal.base, proposal.head)
    assert proposal.gate().startswith("by base")


def test_a_link_is_no_config(proposal: Proposal) -> None:
    proposal.config.symlink_to("/etc/passwd")
    proposal.commit()
    proposal.config.unlink()
    proposal.configure(scan=FROM_BASE)
    proposal.commit()
    proposal.event("pull_request-branch")
    done = proposal.run("scan")
    assert (done.returncode, "is no plain file" in done.stderr) == (3, True)


def shallow(proposal: Proposal) -> None:
    """Put a clone that holds the newest commit alone in the project's place."""
    origin = proposal.workplace.root / "origin"
    proposal.project.rename(origin)
    git(proposal.workplace.root, "clone", "-q", "--depth=1", f"file://{origin}", str(proposal.project))
    assert git(proposal.project, "rev-list", "--count", "HEAD") == "1"


def test_a_shallow_clone_fetches_the_base_alone(proposal: Proposal) -> None:
    proposed(proposal, FROM_BASE, OFF)
    shallow(proposal)
    done = proposal.run("run", "--steps", "build,tag,scan")
    assert done.returncode == 1, done.stderr
    assert "the gate refuses app" in done.stderr
    assert git(proposal.project, "rev-list", "--count", "HEAD") == "1"
    assert git(proposal.project, "rev-parse", "--verify", f"{proposal.base}^{{commit}}") == proposal.base
    assert not (proposal.project / ".git/FETCH_HEAD").exists()


def test_without_a_remote_it_is_an_error_that_says_what_to_do(proposal: Proposal) -> None:
    proposed(proposal, FROM_BASE, f"policy-from: base\n{OFF}")
    shallow(proposal)
    git(proposal.project, "remote", "remove", "origin")
    done = proposal.run("scan")
    assert done.returncode == 3
    assert f"the base revision {proposal.base[:12]} isn't in this clone" in done.stderr
    assert "`fetch-depth: 0`" in done.stderr


def test_a_remote_that_cannot_be_reached_shows_no_credentials(proposal: Proposal) -> None:
    proposed(proposal, "", FROM_BASE)
    shallow(proposal)
    git(proposal.project, "remote", "set-url", "origin", "http://x-access-token:ghs-canary-token@127.0.0.1:1/acme/app")
    done = proposal.run("scan")
    assert (done.returncode, "can't be fetched" in done.stderr) == (3, True)
    assert "ghs-canary-token" not in "\n".join(read_log(done.stderr).lines) + done.stdout


def test_a_plan_fetches_nothing(proposal: Proposal) -> None:
    proposed(proposal, "", FROM_BASE)
    shallow(proposal)
    before = sorted((proposal.project / ".git").rglob("*"))
    done = proposal.run("plan")
    assert (done.returncode, "the gate's policy is the change's own" in done.stderr) == (0, True)
    assert sorted((proposal.project / ".git").rglob("*")) == before


@pytest.mark.parametrize(("event", "base_is_read"), [("push", False), ("pull_request-branch", True)])
def test_only_a_proposal_costs_anything(proposal: Proposal, event: str, base_is_read: bool) -> None:
    proposed(proposal, FROM_BASE, FROM_BASE, event)
    programs, log = proposal.workplace.root / "bin", proposal.workplace.root / "git.log"
    programs.mkdir()
    real = shutil.which("git")
    (programs / "git").write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    proposal.workplace.env["PATH"] = f"{programs}:{os.environ['PATH']}"
    proposal.gate()
    assert ("ls-tree" in log.read_text()) == base_is_read
    log.unlink()
    assert proposal.run("tag").returncode == 0
    assert "ls-tree" not in log.read_text()
