"""Which commit and which ref an analysis is of, event by event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.ci.analysis_target import Hindrance, Target, analysed_ref, target_of
from ci_toolkit.ci.context import github_context
from ci_toolkit.model.context import CiContext

if TYPE_CHECKING:
    from pathlib import Path

BASE, MERGE, HEAD = "1" * 40, "2" * 40, "3" * 40
PUSH = CiContext(platform="github", event="push", revision=BASE, source_url="https://github.com/acme/app")
PULL = replace(PUSH, event="pull_request", pull_request=5)
ENV = {"GITHUB_REPOSITORY": "acme/app", "GITHUB_TOKEN": "ghs_secret", "GITHUB_SHA": BASE}


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/main",
        "refs/heads/a/b$(touch${IFS}p)",
        "refs/tags/v1.2.3",
        "refs/heads/gh-readonly-queue/main/pr-5-abc",
    ],
)
def test_a_branch_a_tag_and_a_merge_queue_are_their_own_refs(ref: str) -> None:
    assert analysed_ref({"GITHUB_REF": ref}, PUSH) == ref


@pytest.mark.parametrize(
    ("ref", "sha", "revision", "found"),
    [
        ("refs/pull/5/merge", MERGE, HEAD, "refs/pull/5/head"),
        ("refs/pull/5/merge", MERGE, MERGE, "refs/pull/5/merge"),
        ("refs/heads/main", BASE, BASE, "refs/heads/main"),
        ("refs/heads/main", BASE, HEAD, "refs/pull/5/head"),
    ],
    ids=["head", "merge, as nobody knows the head", "target's base", "target with the proposal checked out"],
)
def test_a_pull_request_never_speaks_for_its_base_branch(ref: str, sha: str, revision: str, found: str) -> None:
    assert analysed_ref({"GITHUB_REF": ref, "GITHUB_SHA": sha}, replace(PULL, revision=revision)) == found


@pytest.mark.parametrize("ref", ["", "main", "refs/heads/", "refs/pull/x/head", "refs/heads/a b", "refs/notes/x"])
def test_what_is_no_ref_is_none(ref: str) -> None:
    assert analysed_ref({"GITHUB_REF": ref}, PUSH) == ""


def test_a_pull_request_without_a_number_has_no_ref() -> None:
    assert analysed_ref({"GITHUB_REF": "refs/heads/main"}, replace(PULL, revision=HEAD, pull_request=None)) == ""


@pytest.mark.parametrize(
    ("ref", "query"),
    [
        ("refs/heads/a/b", "is%3Aopen%20tool%3ATrivy%20branch%3Aa/b"),
        ("refs/pull/5/merge", "is%3Aopen%20tool%3ATrivy%20pr%3A5"),
        ("refs/tags/v1", "is%3Aopen%20tool%3ATrivy"),
    ],
)
def test_people_are_led_to_the_alerts(ref: str, query: str) -> None:
    target = target_of({**ENV, "GITHUB_REF": ref}, PUSH)
    assert isinstance(target, Target)
    assert target.alerts == f"https://github.com/acme/app/security/code-scanning?query={query}"
    assert "ghs_secret" not in repr(target)


@pytest.mark.parametrize(
    ("env", "context", "reason"),
    [
        ({"GITHUB_REPOSITORY": "acme/.."}, PUSH, "no GitHub job"),
        ({"GITHUB_REPOSITORY": "acme"}, PUSH, "no GitHub job"),
        ({"GITHUB_REPOSITORY": "acme/app/x"}, PUSH, "no GitHub job"),
        ({}, replace(PUSH, platform="gitlab"), "no GitHub job"),
        ({"GITHUB_TOKEN": ""}, PUSH, "GITHUB_TOKEN"),
        ({}, replace(PUSH, revision="abc"), "isn't known"),
        ({}, replace(PUSH, revision="a" * 64), "isn't known"),
    ],
)
def test_what_is_missing_is_said(env: dict[str, str], context: CiContext, reason: str) -> None:
    found = target_of({**ENV, "GITHUB_REF": "refs/heads/main", **env}, context)
    assert isinstance(found, Hindrance)
    assert reason in found.reason
    assert found.hint


@pytest.mark.parametrize(
    ("head", "fork"),
    [('{"full_name": "acme/app"}', False), ('{"full_name": "evil/app"}', True), ("null", True), ('"x"', True)],
)
def test_a_fork_is_known_by_its_name(tmp_path: Path, head: str, fork: bool) -> None:
    event = tmp_path / "event.json"
    event.write_text(f'{{"pull_request": {{"number": 5, "head": {{"sha": "{HEAD}", "repo": {head}}}}}}}')
    env = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "acme/app", "GITHUB_EVENT_PATH": str(event)}
    assert github_context(env, PUSH).from_fork is fork
    assert github_context({**env, "GITHUB_EVENT_NAME": "push"}, PUSH).from_fork is False
