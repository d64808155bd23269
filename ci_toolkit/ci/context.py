"""The run's context: what git says of the checkout, and over it what the CI system's variables say of the run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit.ci.git import git_context, web_address
from ci_toolkit.ci.github_event import Change, at, change_of, number, revision_id, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.model.context import CiContext, Event
    from ci_toolkit.process import Runner

_LARGEST_EVENT = 16 * 1024 * 1024
_GITHUB_EVENTS: dict[str, Event] = {
    "schedule": "schedule",
    "workflow_dispatch": "manual",
    "repository_dispatch": "manual",
}
_GITLAB_EVENTS: dict[str, Event] = {
    "merge_request_event": "pull_request",
    "external_pull_request_event": "pull_request",
    "schedule": "schedule",
    "web": "manual",
    "api": "manual",
    "trigger": "manual",
    "chat": "manual",
}


def detect_context(
    runner: Runner, root: Path, env: Mapping[str, str], own: Mapping[str, str] | None = None
) -> CiContext:
    """The context of a run in `root`. Without a CI system it is git's alone.

    `own`: commits that the run made itself, each with the revision it was made for. Raises ToolError where there is a
    repository and git fails or is missing.
    """
    return platform_context(env, git_context(runner, root, own))


def platform_context(env: Mapping[str, str], local: CiContext) -> CiContext:
    """What the CI system says of the run, over what is known without it."""
    for variable, read in PLATFORMS.items():
        if env.get(variable) == "true":
            return read(env, local)
    return local


def github_context(env: Mapping[str, str], local: CiContext) -> CiContext:
    """GitHub Actions' variables and event file over git's context.

    Of a pull request the head commit is the revision: the merge commit that is checked out by default can't be
    found later. Source: GitHub, "Variables reference" and "Webhook events and payloads".
    """
    event = _event_file(env.get("GITHUB_EVENT_PATH", ""))
    ref, sha = env.get("GITHUB_REF", ""), env.get("GITHUB_SHA") or None
    name = env.get("GITHUB_EVENT_NAME", "")
    tag = ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else None
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None
    server, project, run = (env.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    revision = local.revision or sha
    change = change_of(name, event, repository=project, sha=sha, revision=revision) or Change()
    if change.is_merged and revision == sha:
        revision = change.head_revision or revision
    kind: Event = "pull_request" if change.is_request else _GITHUB_EVENTS.get(name, "tag" if tag else "push")
    source = web_address(f"{server}/{project}") if server and project else local.source_url
    return replace(
        local,
        platform="github",
        event=kind,
        event_name=name or None,
        revision=revision,
        branch=None if change.is_request else branch,
        base_branch=env.get("GITHUB_BASE_REF") or (change.base_branch if change.is_request else None),
        base_revision=change.base_revision,
        from_fork=change.from_fork,
        head_repository=change.head_repository,
        tag=tag,
        tags=_with(local.tags, tag),
        default_branch=text(at(event, "repository", "default_branch")) or local.default_branch,
        pull_request=(change.number or _number_in(ref)) if change.is_request else None,
        source_url=source,
        run_id=run or None,
        run_url=f"{source}/actions/runs/{run}" if source and run else None,
        actor=env.get("GITHUB_ACTOR") or None,
    )


def gitlab_context(env: Mapping[str, str], local: CiContext) -> CiContext:
    """GitLab CI's variables over git's context. Source: GitLab, "Predefined CI/CD variables reference"."""
    tag, branch = env.get("CI_COMMIT_TAG") or None, env.get("CI_COMMIT_BRANCH") or None
    kind: Event = _GITLAB_EVENTS.get(env.get("CI_PIPELINE_SOURCE", ""), "tag" if tag else "push")
    if env.get("CI_MERGE_REQUEST_IID"):
        kind = "pull_request"  # a child pipeline's source is its parent
    revision = local.revision or env.get("CI_COMMIT_SHA") or None
    merge_head = env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
    if merge_head and revision == env.get("CI_COMMIT_SHA"):
        revision = merge_head
    request = kind == "pull_request"
    return replace(
        local,
        platform="gitlab",
        event=kind,
        event_name=env.get("CI_PIPELINE_SOURCE") or None,
        revision=revision,
        committed_at=local.committed_at or _time(env.get("CI_COMMIT_TIMESTAMP", "")),
        branch=None if request else branch,
        base_branch=env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") or None,
        base_revision=_gitlab_base(env) if request else None,
        from_fork=request and _is_gitlab_fork(env),
        head_repository=env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH") or None if request else None,
        tag=tag,
        tags=_with(local.tags, tag),
        default_branch=env.get("CI_DEFAULT_BRANCH") or local.default_branch,
        pull_request=number(env.get("CI_MERGE_REQUEST_IID")) if request else None,
        source_url=web_address(env.get("CI_PROJECT_URL", "")) or local.source_url,
        run_id=env.get("CI_PIPELINE_ID") or None,
        run_url=env.get("CI_JOB_URL") or env.get("CI_PIPELINE_URL") or None,
        actor=env.get("GITLAB_USER_LOGIN") or None,
    )


PLATFORMS: dict[str, Callable[[Mapping[str, str], CiContext], CiContext]] = {
    "GITHUB_ACTIONS": github_context,
    "GITLAB_CI": gitlab_context,
}
"""The variable a CI system sets to `true`, and who reads the others."""


def _event_file(path: str) -> Mapping[str, Any]:
    """The webhook's payload; empty where there is none or it can't be read: the variables alone then tell."""
    try:
        file = Path(path)
        if not path or file.stat().st_size > _LARGEST_EVENT:
            return {}
        document = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _number_in(ref: str) -> int | None:
    return number(ref.removeprefix("refs/pull/").partition("/")[0])


def _gitlab_base(env: Mapping[str, str]) -> str | None:
    """The target branch's newest commit where GitLab tells it, else the one that the change started from."""
    names = (
        "MERGE_REQUEST_TARGET_BRANCH_SHA",
        "EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA",
        "MERGE_REQUEST_DIFF_BASE_SHA",
    )
    return next((found for name in names if (found := revision_id(env.get(f"CI_{name}")))), None)


def _is_gitlab_fork(env: Mapping[str, str]) -> bool:
    if env.get("CI_PIPELINE_SOURCE") == "external_pull_request_event":
        source, target = (env.get(f"CI_EXTERNAL_PULL_REQUEST_{end}_REPOSITORY") for end in ("SOURCE", "TARGET"))
        return source != target
    source = env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
    return source is None or source != env.get("CI_PROJECT_ID")


def _with(tags: tuple[str, ...], tag: str | None) -> tuple[str, ...]:
    return tags if tag is None or tag in tags else (*tags, tag)


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
