"""The run's context: what git says of the checkout, and over it what the CI system's variables say of the run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit.ci.git import git_context, web_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.model.context import CiContext, Event
    from ci_toolkit.process import Runner

_LARGEST_EVENT = 16 * 1024 * 1024
_GITHUB_EVENTS: dict[str, Event] = {
    "pull_request": "pull_request",
    "pull_request_target": "pull_request",
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
    local = git_context(runner, root, own)
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
    tag = ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else None
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None
    kind: Event = _GITHUB_EVENTS.get(env.get("GITHUB_EVENT_NAME", ""), "tag" if tag else "push")
    pull = event.get("pull_request") if kind == "pull_request" else None
    revision, number = local.revision or sha, None
    if kind == "pull_request":
        branch = None
        number = _number(_at(pull, "number")) or _number(ref.removeprefix("refs/pull/").partition("/")[0])
        if revision == sha and env.get("GITHUB_EVENT_NAME") == "pull_request":
            revision = _revision(_at(pull, "head", "sha")) or revision
    server, project, run = (env.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    source = web_address(f"{server}/{project}") if server and project else local.source_url
    return replace(
        local,
        platform="github",
        event=kind,
        revision=revision,
        branch=branch,
        base_branch=env.get("GITHUB_BASE_REF") or None,
        tag=tag,
        tags=_with(local.tags, tag),
        default_branch=_text(_at(event, "repository", "default_branch")) or local.default_branch,
        pull_request=number,
        source_url=source,
        run_id=run or None,
        run_url=f"{source}/actions/runs/{run}" if source and run else None,
        actor=env.get("GITHUB_ACTOR") or None,
    )


def gitlab_context(env: Mapping[str, str], local: CiContext) -> CiContext:
    """GitLab CI's variables over git's context. Source: GitLab, "Predefined CI/CD variables reference"."""
    tag, branch = env.get("CI_COMMIT_TAG") or None, env.get("CI_COMMIT_BRANCH") or None
    kind: Event = _GITLAB_EVENTS.get(env.get("CI_PIPELINE_SOURCE", ""), "tag" if tag else "push")
    revision = local.revision or env.get("CI_COMMIT_SHA") or None
    merge_head = env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
    if merge_head and revision == env.get("CI_COMMIT_SHA"):
        revision = merge_head
    return replace(
        local,
        platform="gitlab",
        event=kind,
        revision=revision,
        committed_at=local.committed_at or _time(env.get("CI_COMMIT_TIMESTAMP", "")),
        branch=None if kind == "pull_request" else branch,
        base_branch=env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") or None,
        tag=tag,
        tags=_with(local.tags, tag),
        default_branch=env.get("CI_DEFAULT_BRANCH") or local.default_branch,
        pull_request=_number(env.get("CI_MERGE_REQUEST_IID")) if kind == "pull_request" else None,
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


def _at(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _revision(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", value) else None


def _number(value: Any) -> int | None:
    return int(value) if re.fullmatch(r"[0-9]{1,12}", str(value)) else None


def _with(tags: tuple[str, ...], tag: str | None) -> tuple[str, ...]:
    return tags if tag is None or tag in tags else (*tags, tag)


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
