"""Runs that somebody else's change started: they build, scan and report, and leave nothing anywhere."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.harness.delivered import crane, tags_in
from tests.harness.github_runner import read_log
from tests.harness.handoff import crane_succeeds
from tests.harness.proposal import Proposal
from tests.harness.proxy import FaultServer
from tests.harness.registry import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Stack
    from tests.harness.registry import Registry

PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
NOT_TRUSTED = "this run isn't trusted: a pull request from the fork evil/app"


@pytest.fixture
def guarded(htpasswd: Registry) -> Iterator[FaultServer]:
    """A registry that wants logins, and everything it is asked."""
    with FaultServer(htpasswd.host).running() as running:
        yield running


@pytest.fixture
def proposal(stack: Stack, tmp_path: Path) -> Proposal:
    """A project that pushes where nobody needs a login."""
    return Proposal(tmp_path / "proposal", f"{stack.registry}/test/trust-{uuid.uuid4().hex[:12]}", stack.database)


def logged_in_everywhere(proposal: Proposal, host: str) -> None:
    """Give the project's registry all the logins a run could find."""
    docker = proposal.workplace.home / ".docker"
    docker.mkdir()
    (docker / "config.json").write_text(
        json.dumps({"auths": {host: {"auth": PAIR}}, "HttpHeaders": {"Authorization": f"Basic {PAIR}"}})
    )
    proposal.workplace.env |= {"GITHUB_TOKEN": "ghs-canary-token", "DOCKER_CONFIG": str(docker)}


def stated(host: str) -> str:
    """The login of the test, as a config has it."""
    return f'registries: {{"{host}": {{auth: {{username: {USER}, password: "${{PW}}"}}}}}}'


def authorized(guarded: FaultServer) -> list[str]:
    """The requests that came with a login."""
    return [f"{e.method} {e.path}" for e in guarded.seen if "authorization" in e.headers]


def test_a_forks_run_passes_and_leaves_nothing(proposal: Proposal) -> None:
    proposal.configure()
    proposal.commit()
    proposal.commit()
    proposal.event("pull_request-fork")
    done = proposal.run("run")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert f"push: left out, because {NOT_TRUSTED}" in lines
    assert "pin: left out, because nothing is pushed" in lines
    assert len([line for line in lines if line.startswith("this run isn't trusted")]) == 1
    assert tags_in(proposal.repository) == []
    assert (proposal.image["verdict"], proposal.image["pushed"], proposal.image["tags"]) == ("pass", [], ["1.0"])
    assert "sarif" in proposal.image["reports"]
    assert ":old" in (proposal.project / "deploy.yaml").read_text()
    assert f"push: left out, because {NOT_TRUSTED}" in proposal.planned()
    assert "pin: left out, because nothing is pushed" in proposal.planned()


def test_the_same_workflow_delivers_on_a_push(proposal: Proposal) -> None:
    proposal.configure()
    proposal.commit()
    proposal.event("push")
    done = proposal.run("run")
    assert done.returncode == 0, done.stderr
    assert "trusted" not in done.stderr
    assert crane("digest", f"{proposal.repository}:1.0") == proposal.image["digest"]
    assert proposal.image["digest"] in (proposal.project / "deploy.yaml").read_text()


@pytest.mark.parametrize("event", ["pull_request-fork", "pull_request_target-branch"])
def test_as_commands_of_their_own_they_are_refused_and_nobody_is_asked(
    guarded: FaultServer, stack: Stack, tmp_path: Path, event: str
) -> None:
    proposal = Proposal(tmp_path / "proposal", f"{guarded.host}/team/app", stack.database)
    proposal.configure(stated(guarded.host))
    proposal.commit()
    proposal.event(event)
    logged_in_everywhere(proposal, guarded.host)
    copy = ("copy", f"{guarded.host}/team/base:1.0", f"{guarded.host}/team/app")
    for deed, command in (
        ("login", ("login",)),
        ("push", ("push",)),
        ("push", ("push", "--no-gate")),
        ("promote", ("promote", "staging", "--override", "me")),
        ("push", copy),
    ):
        done = proposal.run(*command)
        assert (done.returncode, f"{deed}: refused, because this run isn't trusted" in done.stderr) == (1, True)
        assert f"[{deed}]` into the base branch's config" in done.stderr
    for command in (("login", "--dry-run"), ("promote", "staging", "--dry-run"), ("push", "--dry-run")):
        done = proposal.run(*command)
        assert (done.returncode, "left out, because this run isn't trusted" in done.stdout) == (0, True), done.stderr
    assert guarded.seen == []
    assert proposal.workplace.own_directories() == []


def test_the_tools_of_a_build_have_no_login(htpasswd: Registry, stack: Stack, tmp_path: Path) -> None:
    proposal = Proposal(tmp_path / "proposal", f"{htpasswd.host}/team/app", stack.database)
    (proposal.project / "Dockerfile").write_text(f"FROM {htpasswd.host}/team/base:1.0\nCOPY app /app\n")
    proposal.configure()
    proposal.commit()
    logged_in_everywhere(proposal, htpasswd.host)
    proposal.event("pull_request-branch")
    done = proposal.run("build")
    assert done.returncode == 0, done.stderr
    proposal.configure(stated(htpasswd.host))
    proposal.commit()
    proposal.event("pull_request-fork")
    refused = proposal.run("build")
    assert refused.returncode == 3
    assert "401" in refused.stderr or "no basic auth" in refused.stderr
    assert PASSWORD not in "\n".join(read_log(refused.stderr).lines)
    assert proposal.workplace.own_directories() == []


def test_registries_are_asked_without_any_login(guarded: FaultServer, stack: Stack, tmp_path: Path) -> None:
    proposal = Proposal(tmp_path / "proposal", f"{guarded.host}/team/app", stack.database)
    proposal.configure(stated(guarded.host))
    proposal.commit()
    logged_in_everywhere(proposal, guarded.host)
    proposal.event("push")
    assert proposal.run("tags", f"{guarded.host}/team/base").returncode == 0
    assert authorized(guarded) != []
    guarded.reset()
    proposal.event("pull_request-fork")
    assert proposal.run("tags", f"{guarded.host}/team/base").returncode == 4
    assert proposal.run("digest", f"{guarded.host}/team/base:1.0").returncode == 4
    assert proposal.run("login", "--check").returncode == 4
    assert proposal.run("run").returncode == 0
    assert guarded.seen != []
    assert authorized(guarded) == []


def test_logins_kept_by_an_earlier_login_are_not_used(guarded: FaultServer, stack: Stack, tmp_path: Path) -> None:
    proposal = Proposal(tmp_path / "proposal", f"{guarded.host}/team/app", stack.database)
    proposal.configure(stated(guarded.host))
    proposal.commit()
    assert proposal.run("login").returncode == 0
    guarded.reset()
    proposal.event("pull_request_target-fork")
    assert proposal.run("tags", f"{guarded.host}/team/base").returncode == 4
    assert authorized(guarded) == []


def test_a_password_that_a_forks_run_has_not_got_stops_nothing(proposal: Proposal) -> None:
    proposal.configure(stated("registry.example.com"))
    proposal.commit()
    proposal.event("pull_request-fork", PW="")
    assert proposal.run("run", "--steps", "tag").returncode == 0
    proposal.event("pull_request-branch")
    refused = proposal.run("run", "--steps", "tag")
    assert (refused.returncode, "PW is empty" in refused.stderr) == (2, True)


def test_what_the_base_allows_is_done(proposal: Proposal) -> None:
    proposal.configure("trust: {forks: [push]}")
    proposal.commit()
    proposal.configure()
    proposal.commit()
    proposal.event("pull_request-fork")
    done = proposal.run("run")
    assert done.returncode == 0, done.stderr
    assert "not allowed: login, promote, commit" in done.stderr
    assert crane("digest", f"{proposal.repository}:1.0") == proposal.image["digest"]
    assert proposal.image["digest"] in (proposal.project / "deploy.yaml").read_text()
    assert proposal.run("promote", "staging").returncode == 1


def test_what_the_base_allows_forks_it_does_not_allow_to_runs_with_secrets(proposal: Proposal) -> None:
    proposal.configure("trust: {forks: [login, push, promote, commit]}")
    proposal.commit()
    proposal.event("pull_request_target-fork")
    assert any(line.startswith("push: left out, because this run") for line in proposal.planned())


def test_a_login_that_the_base_allows_is_used(guarded: FaultServer, stack: Stack, tmp_path: Path) -> None:
    proposal = Proposal(tmp_path / "proposal", f"{guarded.host}/team/app", stack.database)
    proposal.configure(stated(guarded.host), "trust: {forks: [login]}")
    proposal.commit()
    proposal.event("pull_request-fork")
    listed = proposal.run("tags", f"{guarded.host}/team/base")
    assert (listed.returncode, listed.stdout) == (0, "1.0\n")
    assert proposal.run("login").returncode == 0
    assert authorized(guarded) != []


def test_nobody_allows_it_to_themselves(proposal: Proposal) -> None:
    proposal.configure()
    proposal.commit()
    proposal.configure("trust: {forks: [login, push, promote, commit], pull-request-target: [push]}")
    proposal.commit()
    for event in ("pull_request-fork", "pull_request_target-branch"):
        proposal.event(event)
        done = proposal.run("push")
        assert (done.returncode, "push: refused" in done.stderr) == (1, True)
    assert tags_in(proposal.repository) == []


def test_where_the_base_cannot_be_read_nothing_is_allowed(proposal: Proposal) -> None:
    proposal.configure("trust: {forks: [push]}")
    proposal.commit()
    proposal.base = "c" * 40
    proposal.event("pull_request-fork")
    done = proposal.run("push")
    assert done.returncode == 1
    assert "no remote called origin" in done.stderr
    assert "`fetch-depth: 0`" in done.stderr


def test_a_forks_image_waits_in_no_quarantine(proposal: Proposal) -> None:
    quarantine = f"{proposal.repository}-quarantine"
    proposal.configure()
    text = proposal.config.read_text().replace(
        "version: 1\n", f"version: 1\nhandoff: registry\nquarantine: {quarantine}\n"
    )
    proposal.config.write_text(text)
    proposal.commit()
    proposal.event("pull_request-fork")
    done = proposal.run("run")
    assert done.returncode == 0, done.stderr
    assert f"images are handed on as layouts, and not by the quarantine: {NOT_TRUSTED}" in done.stderr
    assert "quarantine" not in proposal.image
    assert proposal.image["layout"]
    assert proposal.image["verdict"] == "pass"
    digests = [proposal.image["digest"], *proposal.image["platforms"].values()]
    assert not any(crane_succeeds("manifest", f"{quarantine}@{digest}") for digest in digests)
    assert any("hand the image on as a layout" in line for line in proposal.planned())
    assert not any("type=image" in line for line in proposal.planned())
