"""Every event of GitHub and GitLab: what the run is about, and whether it is trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from ci_toolkit.ci.context import github_context, gitlab_context
from ci_toolkit.errors import VerdictError
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.trust import DEEDS, Deed, Doubt, Trust, doubt_about

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS = Path(__file__).parent.parent / "golden" / "events"
"""Payloads as GitHub's webhook reference describes them, cut short."""
MERGE, HEAD, BASE = "1" * 40, "2" * 40, "b" * 40
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": MERGE,
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/app",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_COMMIT_SHA": MERGE,
    "CI_PROJECT_ID": "1000",
    "CI_MERGE_REQUEST_IID": "42",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1000",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "acme/app",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE,
    "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "",
}
PULL = "refs/pull/42/merge"
QUEUE = f"refs/heads/gh-readonly-queue/release/1.4/pr-42-{BASE}"
HOSTILE = sorted(path.stem for path in EVENTS.glob("hostile-*.json"))


def on_github(file: str, name: str, ref: str = "refs/heads/main", checked_out: str = MERGE, **env: str) -> CiContext:
    """The context of a run with this event, `file` below EVENTS."""
    variables = {"GITHUB_EVENT_NAME": name, "GITHUB_REF": ref, "GITHUB_EVENT_PATH": str(EVENTS / f"{file}.json")}
    return github_context({**GITHUB, **variables, **env}, CiContext(revision=checked_out))


@pytest.mark.parametrize(
    ("file", "ref", "expected"),
    [
        ("push", "refs/heads/main", {"event": "push", "branch": "main", "is_proposal": False}),
        ("push-tag", "refs/tags/v1.2.3", {"event": "tag", "tag": "v1.2.3", "branch": None}),
        ("release", "refs/tags/v1.2.3", {"event": "tag", "tag": "v1.2.3", "branch": None}),
        ("schedule", "refs/heads/main", {"event": "schedule", "branch": "main", "base_revision": None}),
        ("workflow_dispatch", "refs/heads/main", {"event": "manual", "branch": "main"}),
        ("repository_dispatch", "refs/heads/main", {"event": "manual", "pull_request": None}),
        ("workflow_run-own", "refs/heads/main", {"event": "push", "from_fork": False}),
        (
            "merge_group",
            QUEUE,
            {
                "event": "push",
                "branch": QUEUE.removeprefix("refs/heads/"),
                "base_branch": None,
                "base_revision": BASE,
                "is_proposal": True,
                "revision": MERGE,
            },
        ),
        (
            "pull_request-branch",
            PULL,
            {
                "event": "pull_request",
                "pull_request": 42,
                "branch": None,
                "base_branch": "release/1.4",
                "base_revision": BASE,
                "head_repository": "acme/app",
                "from_fork": False,
                "revision": HEAD,
                "is_proposal": True,
                "default_branch": "main",
            },
        ),
        ("issue_comment-pull_request", "refs/heads/main", {"event": "push", "branch": "main", "revision": MERGE}),
        ("issue_comment-issue", "refs/heads/main", {"event": "push", "pull_request": None}),
    ],
)
def test_what_the_repositorys_own_people_start_is_trusted(file: str, ref: str, expected: dict[str, Any]) -> None:
    context = on_github(file, file.partition("-")[0], ref)
    assert {name: getattr(context, name) for name in expected} == expected
    assert context.event_name == file.partition("-")[0]
    assert doubt_about(context) is None


TARGET = "pull_request_target runs with the base repository's secrets on somebody else's change"
FORK = Doubt("forks", "a pull request from the fork evil/app")


@pytest.mark.parametrize(
    ("file", "ref", "revision", "doubt"),
    [
        ("pull_request-fork", PULL, HEAD, FORK),
        ("pull_request_review-fork", PULL, HEAD, FORK),
        ("pull_request_review_comment-fork", PULL, HEAD, FORK),
        (
            "pull_request-deleted-fork",
            PULL,
            HEAD,
            Doubt("forks", "a pull request from a fork that is gone, or isn't named"),
        ),
        ("pull_request_target-fork", "refs/heads/main", MERGE, Doubt("pull-request-target", TARGET)),
        ("pull_request_target-branch", "refs/heads/main", MERGE, Doubt("pull-request-target", TARGET)),
    ],
)
def test_pull_requests_of_somebody_else_are_not(file: str, ref: str, revision: str, doubt: Doubt) -> None:
    context = on_github(file, file.partition("-")[0], ref)
    assert doubt_about(context) == doubt
    assert (context.event, context.pull_request, context.branch) == ("pull_request", 42, None)
    assert (context.base_revision, context.base_branch, context.revision) == (BASE, "release/1.4", revision)


def test_a_run_after_a_forks_run_has_secrets_and_is_not_trusted() -> None:
    context = on_github("workflow_run-fork", "workflow_run")
    assert doubt_about(context) == Doubt(
        "pull-request-target", "workflow_run follows, with this repository's secrets, a run from the fork evil/app"
    )
    assert (context.base_revision, context.head_repository) == (MERGE, "evil/app")


def test_a_comments_run_on_a_pull_request_is_not_trusted_once_another_revision_is_checked_out() -> None:
    context = on_github("issue_comment-pull_request", "issue_comment", checked_out=HEAD)
    doubt = doubt_about(context)
    assert doubt is not None
    assert doubt.kind == "pull-request-target"
    assert (context.event, context.pull_request, context.base_revision) == ("pull_request", 42, MERGE)
    assert doubt_about(on_github("issue_comment-issue", "issue_comment", checked_out=HEAD)) is None


@pytest.mark.parametrize("name", ["pull_request", "pull_request_review", "workflow_run", "pull_request_target"])
@pytest.mark.parametrize("file", [*HOSTILE, "nowhere"])
def test_an_event_that_does_not_say_whose_change_it_is_is_not_trusted(file: str, name: str) -> None:
    context = on_github(file, name, PULL if name != "workflow_run" else "refs/heads/main")
    doubt = doubt_about(context)
    assert doubt is not None
    assert context.head_repository is None
    assert context.base_revision in (None, BASE, MERGE)
    assert context.pull_request in (None, 42)
    assert "\n" not in doubt.reason


@pytest.mark.parametrize("file", HOSTILE)
def test_hostile_merge_groups_and_comments_have_no_base(file: str) -> None:
    assert on_github(file, "merge_group", QUEUE).base_revision is None
    assert on_github(file, "issue_comment", checked_out=HEAD).pull_request is None


def test_a_huge_event_is_not_read(tmp_path: Path) -> None:
    payload = json.loads((EVENTS / "pull_request-branch.json").read_text())
    (tmp_path / "huge.json").write_text(json.dumps({**payload, "padding": "x" * (17 * 1024 * 1024)}))
    env = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": PULL, "GITHUB_EVENT_PATH": str(tmp_path / "huge.json")}
    context = github_context({**GITHUB, **env}, CiContext(revision=MERGE))
    assert (context.from_fork, context.base_revision, context.pull_request) == (True, None, 42)


def test_an_enterprise_servers_address() -> None:
    context = on_github("push", "push", GITHUB_SERVER_URL="https://github.example.com")
    assert context.source_url == "https://github.example.com/acme/app"


@pytest.mark.parametrize(
    ("changes", "doubt", "base"),
    [
        ({}, None, BASE),
        ({"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": HEAD}, None, HEAD),
        ({"CI_MERGE_REQUEST_DIFF_BASE_SHA": "--evil"}, None, None),
        (
            {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2000", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "evil/app"},
            Doubt("forks", "a merge request from the fork evil/app"),
            BASE,
        ),
        (
            {
                "CI_PIPELINE_SOURCE": "parent_pipeline",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2000",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "evil/app",
            },
            Doubt("forks", "a merge request from the fork evil/app"),
            BASE,
        ),
    ],
)
def test_merge_requests_of_gitlab(changes: Mapping[str, str], doubt: Doubt | None, base: str | None) -> None:
    context = gitlab_context({**GITLAB, **changes}, CiContext())
    assert (doubt_about(context), context.base_revision) == (doubt, base)
    assert (context.event, context.is_proposal) == ("pull_request", True)


def test_a_pull_request_mirrored_to_gitlab() -> None:
    env = {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "external_pull_request_event",
        "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "evil/app",
        "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "acme/app",
        "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA": BASE,
    }
    context = gitlab_context(env, CiContext())
    assert (context.from_fork, context.base_revision) == (True, BASE)
    own = {**env, "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "acme/app"}
    assert doubt_about(gitlab_context(own, CiContext())) is None


def test_nobody_doubts_a_laptop() -> None:
    assert doubt_about(CiContext()) is None


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_is_allowed_but_what_is_named(deed: Deed) -> None:
    trusted, nothing = Trust(), Trust(doubt=FORK)
    one = Trust(doubt=FORK, allowed=frozenset({deed}))
    assert (trusted.allows(deed), nothing.allows(deed), one.allows(deed)) == (True, False, True)
    assert [other for other in DEEDS if one.allows(other)] == [deed]
    assert (trusted.notice, trusted.why_not(deed), one.why_not(deed)) == ("", "", "")
    trusted.require(deed)
    one.require(deed)
    with pytest.raises(VerdictError, match=f"{deed}: refused, .* from the fork evil/app") as caught:
        nothing.require(deed)
    assert f"`trust.forks: [{deed}]`" in caught.value.hint


def test_the_notice_says_what_is_not_allowed_and_why_nobody_knows() -> None:
    some = Trust(doubt=FORK, allowed=frozenset({"login"}))
    assert some.notice == f"this run isn't trusted: {FORK.reason}; not allowed: push, promote, commit"
    unknown = Trust(doubt=FORK, unknown="the base isn't there; `fetch-depth: 0`")
    assert unknown.notice.endswith("commit (the base isn't there; `fetch-depth: 0`)")
    with pytest.raises(VerdictError) as caught:
        unknown.require("push")
    assert caught.value.hint == unknown.unknown


def test_every_deed_is_listed() -> None:
    assert get_args(Deed) == DEEDS
