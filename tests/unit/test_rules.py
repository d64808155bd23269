"""What is read of the base revision's config, and what a run that may not log in is left with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ci_toolkit import pipeline
from ci_toolkit.config.rules import rules
from ci_toolkit.errors import ConfigError
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.findings import Severity
from ci_toolkit.model.trust import Trust, doubt_about
from ci_toolkit.registry.docker_login import write_without_logins
from tests.harness.configs import ENV, SMALL, loaded
from tests.harness.logins import auth, desk

if TYPE_CHECKING:
    from pathlib import Path

FORK = Trust(doubt=doubt_about(CiContext(event="pull_request", from_fork=True)))
SECTIONS = """\
trust: {forks: [login], pull-request-target: [push]}
scan:
  policy-from: base
  gate: {severity: critical}
  ignore: [{id: CVE-2023-45853, reason: unused, owner: "${OWNER}", expires: 2026-01-01}]
"""


def test_scan_and_trust_are_as_in_the_whole_config(tmp_path: Path) -> None:
    whole, read = loaded(tmp_path, SMALL + SECTIONS), rules((SMALL + SECTIONS).encode(), "base:x", ENV)
    assert (read.scan, read.policy_hash, read.trust) == (whole.scan, whole.policy_hash, whole.trust)
    assert (read.scan.policy_from, read.scan.gate.thresholds.vulnerability) == ("base", Severity.CRITICAL)
    assert read.scan.gate.ignores[0].owner == "acme"
    assert [*read.trust.allowed("forks"), *read.trust.allowed("pull-request-target")] == ["login", "push"]


def test_nothing_said_is_nothing_allowed(tmp_path: Path) -> None:
    read = rules(SMALL.encode(), "base:x", ENV)
    assert (read.scan.policy_from, read.trust.forks, read.trust.pull_request_target) == ("head", (), ())
    assert read.policy_hash == loaded(tmp_path, SMALL).policy_hash


def test_where_the_policy_is_read_is_no_part_of_it(tmp_path: Path) -> None:
    hashes = {
        loaded(tmp_path, f"{SMALL}scan: {{{scan}}}").policy_hash for scan in ("", "policy-from: base", "timeout: 15m")
    }
    assert len(hashes) == 1


@pytest.mark.parametrize("rest", ["images: 3", "imagse: {}", "pin: [{files: [/etc]}]", "sarif: {category: '${NO}'}"])
def test_other_sections_are_not_looked_at(rest: str) -> None:
    assert rules(f"version: 1\n{rest}\n{SECTIONS}".encode(), "base:x", ENV).trust.forks == ("login",)


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("version: 1\nscan: {policy-from: bass}", "base:x:2:21: scan.policy-from"),
        ("version: 1\ntrust: {forks: [deploy]}", "base:x:2:17: trust.forks[0]"),
        ("version: 1\ntrust: {forks: push}", "base:x:2:16: trust.forks"),
        ("version: 1\nscan: {trivy-image: '${NOT_SET}'}", "base:x:2:21: scan.trivy-image"),
        ("version: 2\nscan: {new: thing}", "base:x:1:10: version"),
        ("scan: {}", "base:x:1:1: version"),
        ("- 1", "base:x:1:1"),
        ("", "base:x:1:1"),
        ("scan: [", "base:x:"),
    ],
)
def test_a_broken_section_is_named_by_its_place(text: str, violation: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rules(text.encode(), "base:x", ENV)
    assert caught.value.violations[0].startswith(violation)


def test_a_password_nobody_needs_may_be_missing(tmp_path: Path) -> None:
    from ci_toolkit.config.load import load

    (tmp_path / ".ci-toolkit.yml").write_text(
        SMALL + "registries: {x.test: {auth: {username: a, password: '${MISSING}'}}}\n"
    )
    config = load(tmp_path / ".ci-toolkit.yml", {"MISSING": ""}, logins=False)
    options = config.registries["x.test"].auth
    assert options is not None
    assert (options.password, config.secrets) == (None, ())


def test_steps_that_act_for_the_repository_are_withheld() -> None:
    names = ("build", "tag", "scan", "push", "sarif", "pin", "commit")
    assert set(pipeline.withheld(FORK, names)) == {"push", "commit"}
    assert pipeline.withheld(Trust(), names) == {}
    allowed = Trust(doubt=FORK.doubt, allowed=frozenset({"commit"}))
    assert set(pipeline.withheld(allowed, names)) == {"push"}


def test_no_link_of_the_keychain_answers_a_run_that_may_not_log_in(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"x.test": {"auth": "bWU6bWluZQ=="}}}))
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_TOKEN": "ghs-token",
        "DOCKER_CONFIG": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    ecr = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    stated = {"y.test": auth("login", username="me", password="mine"), "z.test": auth("google")}
    with desk(env, stated, anonymous=True) as ours:
        assert [ours.resolve(host) for host in ("ghcr.io", "x.test", "y.test", "z.test", ecr)] == [None] * 5
        assert ours.logins.create_repository(ecr, "team/app") is False
        assert ours.logins.repository_settings(ecr, "team/app") is None
    with desk(env, stated) as theirs:
        assert all(theirs.resolve(host) for host in ("ghcr.io", "x.test", "y.test"))


def test_tools_get_a_docker_config_without_logins(tmp_path: Path) -> None:
    own, directory = tmp_path / "own", tmp_path / "isolated"
    (own / "contexts").mkdir(parents=True)
    directory.mkdir()
    proxies = {"default": {"httpProxy": "http://proxy.test:3128"}}
    logins = {
        "auths": {"x.test": {"auth": "bWU6bWluZQ=="}},
        "credHelpers": {"y.test": "gcloud"},
        "credsStore": "desktop",
        "HttpHeaders": {"Authorization": "Basic x"},
    }
    (own / "config.json").write_text(json.dumps({**logins, "proxies": proxies, "currentContext": "far"}))
    write_without_logins(directory, own)
    written = directory / "config.json"
    assert json.loads(written.read_text()) == {"proxies": proxies, "currentContext": "far"}
    assert written.stat().st_mode & 0o777 == 0o600
    assert (directory / "contexts").resolve() == own / "contexts"
