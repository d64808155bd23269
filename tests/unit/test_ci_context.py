"""The context of a run out of the CI system's variables, over what git says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.ci.context import github_context, gitlab_context
from ci_toolkit.ci.git import web_address
from ci_toolkit.model.context import CiContext

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.context import Event

SHA = "1" * 40
HEAD = "2" * 40
LOCAL = CiContext(
    revision=SHA, committed_at=datetime(2026, 1, 2, tzinfo=UTC), branch="detached-name", tags=("v1.0.0",), dirty=True
)
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": SHA,
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/app",
    "GITHUB_RUN_ID": "99",
    "GITHUB_ACTOR": "someone",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PIPELINE_SOURCE": "push",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_TIMESTAMP": "2026-03-04T05:06:07+02:00",
    "CI_DEFAULT_BRANCH": "main",
    "CI_PROJECT_URL": "https://gitlab.example.com/acme/app",
    "CI_PIPELINE_ID": "7",
    "CI_JOB_URL": "https://gitlab.example.com/acme/app/-/jobs/8",
    "GITLAB_USER_LOGIN": "someone",
}


def test_a_push_to_github(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "main"}}))
    context = github_context({**GITHUB, "GITHUB_EVENT_PATH": str(event)}, LOCAL)
    assert context == CiContext(
        platform="github",
        event="push",
        event_name="push",
        revision=SHA,
        committed_at=LOCAL.committed_at,
        branch="main",
        tags=("v1.0.0",),
        default_branch="main",
        source_url="https://github.com/acme/app",
        run_id="99",
        run_url="https://github.com/acme/app/actions/runs/99",
        actor="someone",
        dirty=True,
    )


def test_a_tag_on_github() -> None:
    context = github_context({**GITHUB, "GITHUB_REF": "refs/tags/v1.2.3"}, LOCAL)
    assert (context.event, context.tag, context.branch) == ("tag", "v1.2.3", None)
    assert context.tags == ("v1.0.0", "v1.2.3")


@pytest.mark.parametrize(
    ("name", "ref", "revision"),
    [("pull_request", "refs/pull/42/merge", HEAD), ("pull_request_target", "refs/heads/main", SHA)],
)
def test_a_pull_request_is_known_by_its_number_and_head(tmp_path: Path, name: str, ref: str, revision: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 42, "head": {"sha": HEAD, "ref": "$(touch p)"}}}))
    env = {**GITHUB, "GITHUB_EVENT_NAME": name, "GITHUB_REF": ref, "GITHUB_EVENT_PATH": str(event)}
    context = github_context(env, LOCAL)
    assert (context.event, context.pull_request, context.branch) == ("pull_request", 42, None)
    assert context.revision == revision


def test_a_checkout_of_another_commit_than_the_merge_is_believed(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 42, "head": {"sha": HEAD}}}))
    env = {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": "3" * 40, "GITHUB_EVENT_PATH": str(event)}
    assert github_context(env, LOCAL).revision == SHA


@pytest.mark.parametrize(
    "payload", ["", "[]", "{", '{"pull_request": 3}', '{"pull_request": {"number": "x", "head": {"sha": "--evil"}}}']
)
def test_an_event_file_that_tells_nothing_leaves_the_variables(tmp_path: Path, payload: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(payload)
    env = {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/5/merge"}
    context = github_context({**env, "GITHUB_EVENT_PATH": str(event)}, LOCAL)
    assert (context.pull_request, context.revision) == (5, SHA)


@pytest.mark.parametrize(
    ("name", "event"),
    [("schedule", "schedule"), ("workflow_dispatch", "manual"), ("merge_group", "push"), ("release", "push")],
)
def test_events_of_github(name: str, event: Event) -> None:
    assert github_context({**GITHUB, "GITHUB_EVENT_NAME": name}, LOCAL).event == event


def test_the_branch_that_a_pull_request_goes_into() -> None:
    env = {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/5/merge"}
    assert github_context({**env, "GITHUB_BASE_REF": "release/1.4"}, LOCAL).base_branch == "release/1.4"
    assert github_context({**GITHUB, "GITHUB_BASE_REF": ""}, LOCAL).base_branch is None


def test_github_without_a_checkout() -> None:
    context = github_context(GITHUB, CiContext())
    assert (context.revision, context.committed_at) == (SHA, None)


def test_a_push_to_gitlab() -> None:
    context = gitlab_context(GITLAB, CiContext())
    assert context == CiContext(
        platform="gitlab",
        event="push",
        event_name="push",
        revision=SHA,
        committed_at=datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=2))),
        branch="main",
        default_branch="main",
        source_url="https://gitlab.example.com/acme/app",
        run_id="7",
        run_url="https://gitlab.example.com/acme/app/-/jobs/8",
        actor="someone",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "v2.0.0"}, {"event": "tag", "tag": "v2.0.0", "branch": None}),
        (
            {
                "CI_PIPELINE_SOURCE": "merge_request_event",
                "CI_MERGE_REQUEST_IID": "12",
                "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "release/1.4",
            },
            {
                "event": "pull_request",
                "base_branch": "release/1.4",
                "pull_request": 12,
                "branch": None,
                "revision": SHA,
            },
        ),
        (
            {
                "CI_PIPELINE_SOURCE": "merge_request_event",
                "CI_MERGE_REQUEST_IID": "12",
                "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
            },
            {"revision": HEAD},
        ),
        ({"CI_PIPELINE_SOURCE": "schedule"}, {"event": "schedule"}),
        ({"CI_PIPELINE_SOURCE": "web"}, {"event": "manual"}),
        ({"CI_COMMIT_TIMESTAMP": "nonsense"}, {"committed_at": None}),
    ],
)
def test_pipelines_of_gitlab(changes: dict[str, str], expected: dict[str, Any]) -> None:
    context = gitlab_context({**GITLAB, **changes}, CiContext())
    assert {name: getattr(context, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/acme/app.git", "https://github.com/acme/app"),
        ("https://user:t0ken@github.com/acme/app", "https://github.com/acme/app"),
        ("https://oauth2@gitlab.example.com:8443/a/b/c.git/", "https://gitlab.example.com:8443/a/b/c"),
        ("git@github.com:acme/app.git", "https://github.com/acme/app"),
        ("ssh://git@github.com:22/acme/app.git", "https://github.com/acme/app"),
        ("git://example.com/acme/app", "https://example.com/acme/app"),
        ("http://localhost:3000/acme/app", "http://localhost:3000/acme/app"),
        ("/srv/git/app.git", None),
        ("../app", None),
        ("file:///srv/app.git", None),
        ("https://[broken/app", None),
        ("https://example.com:99999/app", None),
        ("https://example.com/a b\nc", None),
        ("", None),
    ],
)
def test_the_web_address_of_a_remote(remote: str, address: str | None) -> None:
    assert web_address(remote) == address
