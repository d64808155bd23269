"""GitHub's REST API: github.com's, or an Enterprise Server's where `GITHUB_API_URL` says so.

Source: GitHub, "Getting started with the REST API", "Rate limits for the REST API", "Best practices".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.answers import is_temporary, status_line
from ci_toolkit.ci.rest_api import ApiError, RestApi, safe_base
from ci_toolkit.retries import parse_retry_after
from ci_toolkit.trust import without_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.answers import Reply

REPOSITORY = re.compile(r"[A-Za-z0-9_-]+/(?!\.\.?$)[A-Za-z0-9._-]+")
"""`OWNER/NAME`."""
_GITHUB = "https://api.github.com"
_API_VERSION = "2022-11-28"
_UNTOLD_WAIT = 60.0
"""Seconds to wait where a secondary limit tells no time ("at least one minute")."""
_PERMISSIONS = re.compile(r"[a-z_]+=(?:read|write)(?:[,;] ?[a-z_]+=(?:read|write))*")


class GitHubError(ApiError):
    """GitHub's. `permission`: the one that the token lacks, as a workflow writes it, where GitHub says so."""

    permission: str = ""


def api_of(env: Mapping[str, str]) -> str:
    """The API's base without a slash at its end. Raises UsageError where the token would travel in the open."""
    example = f"unset it for {_GITHUB}, or give the server's https address with its /api/v3"
    return safe_base("GITHUB_API_URL", env.get("GITHUB_API_URL") or _GITHUB, example=example)


class GitHubApi(RestApi):
    """GitHub, asked with one token."""

    def _headers(self) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": _API_VERSION,
        }

    def _error(self, method: str, reply: Reply, document: Any) -> GitHubError:
        said = self.harmless(_words(document) if isinstance(document, dict) else reply.body.decode("utf-8", "replace"))
        wait = self._asked_to_wait(reply, said)
        temporary = is_temporary(reply.status) if wait is None else wait <= self._patience.longest_wait
        told = f", it asks us to wait {wait:.0f} s" if wait else ""
        line = ": ".join(part for part in (status_line(reply.status), said) if part)
        permission = _missing(reply)
        error = GitHubError(
            f"{method} {without_query(reply.url)}: {line}{told}",
            hint=_hint(reply.status, permission, limited=wait is not None),
            status=reply.status,
            code="" if wait is None else "rate-limit",
            temporary=temporary,
            retry_after=reply.headers.get("retry-after", "") if wait is None else f"{wait:.0f}",
        )
        error.said, error.permission = said, permission
        return error

    def _asked_to_wait(self, reply: Reply, said: str) -> float | None:
        """Seconds until a rate limit lets us on; None where the answer isn't about one.

        The primary limit answers 403 or 429 with nothing remaining and the time of its reset, secondary ones
        with Retry-After or with words alone.
        """
        headers, now = reply.headers, self._patience.now()
        used_up = headers.get("x-ratelimit-remaining") == "0"
        limited = "retry-after" in headers or used_up or "rate limit" in said.lower()
        if reply.status != 429 and not (reply.status == 403 and limited):
            return None
        asked = parse_retry_after(headers.get("retry-after", ""), now)
        reset = headers.get("x-ratelimit-reset", "")
        if asked is None and used_up and re.fullmatch(r"[0-9]{1,12}", reset):
            asked = max(0.0, int(reset) - now)
        return _UNTOLD_WAIT if asked is None else asked


def _words(document: Mapping[str, Any]) -> str:
    """`message`, and what `errors` adds to it: texts, or objects with a text or a field's code."""
    words = [document.get("message")]
    errors = document.get("errors")
    for error in errors[:5] if isinstance(errors, list) else [errors]:
        if isinstance(error, dict):
            words.append(error.get("message") or f"{error.get('field', '')} {error.get('code', '')}".strip())
        else:
            words.append(error)
    return "; ".join(dict.fromkeys(word for word in words if isinstance(word, str) and word))


def _missing(reply: Reply) -> str:
    """`security-events: write`: what GitHub says a token needs; empty where it doesn't.

    Source: GitHub, "Troubleshooting the REST API", `X-Accepted-GitHub-Permissions`.
    """
    accepted = reply.headers.get("x-accepted-github-permissions", "")
    if reply.status not in (403, 404) or not _PERMISSIONS.fullmatch(accepted):
        return ""
    return re.split(r"[,;]", accepted)[0].replace("_", "-").replace("=", ": ")


def _hint(status: int, permission: str, *, limited: bool) -> str:
    if limited:
        return "wait and run it again: the token, or who it stands for, made too many requests"
    if status == 401:
        return "the token is wrong or has expired: give the step `env: { GITHUB_TOKEN: ${{ github.token }} }`"
    if permission and status == 403:
        return f"give the job `permissions: {{ {permission} }}`"
    if status == 404:
        return "is the repository's name right, and may the token read it? A private one wants `contents: read`"
    if status >= 500:
        return "GitHub has troubles of its own: look at its status page, then run it again"
    return ""
