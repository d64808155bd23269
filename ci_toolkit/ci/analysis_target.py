"""Where a run's analyses belong on GitHub: repository, commit and ref; or why they belong nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from ci_toolkit.ci.github_api import REPOSITORY, api_of
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.model.context import CiContext

_REF = re.compile(r"refs/(?:heads|tags)/[^\s\x00-\x1f]+|refs/pull/[0-9]+/(?:merge|head)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
PERMISSION = "security-events: write"
"""What the token needs. Source: GitHub, "Permissions required for fine-grained personal access tokens"."""
_DEPENDABOT = "dependabot[bot]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hindrance:
    """Why nothing can be uploaded, as the end of "skipped because …", and what would change that."""

    reason: str
    hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What an analysis is said to be of."""

    api: str
    token: str = field(repr=False)
    repository: str
    """`OWNER/NAME`."""
    revision: str
    ref: str
    alerts: str | None
    """The web address at which people find the alerts."""
    read_only: str
    """Why GitHub gives this run a token that may only read; empty where the event doesn't tell."""


def target_of(env: Mapping[str, str], context: CiContext) -> Target | Hindrance:
    """The target of a run, by GitHub's variables. Nothing is asked."""
    repository, revision, token = env.get("GITHUB_REPOSITORY", ""), context.revision or "", env.get("GITHUB_TOKEN")
    ref = analysed_ref(env, context)
    if context.platform != "github" or not REPOSITORY.fullmatch(repository):
        hint = "upload from a GitHub Actions job; elsewhere the SARIF file is all there is"
        return Hindrance(reason="this is no GitHub job", hint=hint)
    if not token:
        env_line = "`env: { GITHUB_TOKEN: ${{ github.token }} }`"
        hint = f"give the step {env_line}, and the job `permissions: {PERMISSION}`"
        return Hindrance(reason="GITHUB_TOKEN isn't set", hint=hint)
    if not _COMMIT.fullmatch(revision) or not ref:
        hint = "check the repository out with git's history (actions/checkout), on an event that has a branch or a tag"
        return Hindrance(reason="the commit, or the branch or tag it belongs to, isn't known", hint=hint)
    try:
        api = api_of(env)
    except UsageError as error:
        return Hindrance(reason=error.message, hint=error.hint)
    return Target(
        api=api,
        token=token,
        repository=repository,
        revision=revision,
        ref=ref,
        alerts=_alerts(context.source_url, ref),
        read_only=_read_only(context),
    )


def analysed_ref(env: Mapping[str, str], context: CiContext) -> str:
    """The full ref that the revision belongs to; empty where nobody can tell.

    Of a pull request the revision is its head, so it is `refs/pull/N/head`. Only where GitHub's own merge commit is
    all that is known, it is the merge's ref; and `pull_request_target` without the proposal checked out is about
    the base branch. Source: GitHub, "Upload an analysis as SARIF data", `ref`.
    """
    ref = env.get("GITHUB_REF", "")
    if context.event == "pull_request" and context.revision != env.get("GITHUB_SHA"):
        ref = f"refs/pull/{context.pull_request}/head" if context.pull_request else ""
    return ref if _REF.fullmatch(ref) else ""


def _read_only(context: CiContext) -> str:
    """Source: GitHub, "Permissions for the GITHUB_TOKEN", "Troubleshooting Dependabot on GitHub Actions"."""
    if context.from_fork:
        return "the pull request comes from a fork"
    return "Dependabot started the run" if context.actor == _DEPENDABOT else ""


def _alerts(source_url: str | None, ref: str) -> str | None:
    if not source_url:
        return None
    kind, _, name = ref.removeprefix("refs/").partition("/")
    place = {"heads": f" branch:{name}", "pull": f" pr:{name.partition('/')[0]}"}.get(kind, "")
    return f"{source_url}/security/code-scanning?query={quote(f'is:open tool:Trivy{place}')}"
