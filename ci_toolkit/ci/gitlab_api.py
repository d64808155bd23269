"""GitLab's REST API, version 4, asked with an access token.

Source: GitLab, "REST API authentication", "REST API troubleshooting", "Rate limits", "Personal access tokens API".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.answers import is_temporary, status_line
from ci_toolkit.ci.rest_api import ApiError, RestApi, safe_base
from ci_toolkit.errors import UsageError
from ci_toolkit.retries import parse_retry_after
from ci_toolkit.trust import without_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.answers import Reply

TOKEN = "GITLAB_TOKEN"  # noqa: S105 a variable's name
HOW_TO_GET_ONE = (
    f"make a project or group access token with the role Developer or more and the scope `api`, and keep it as a "
    f"masked CI/CD variable {TOKEN} (a protected one, if the branch is protected)"
)
_UNTOLD_WAIT = 60.0


class GitLabError(ApiError):
    """GitLab's. `code`: its OAuth word where it has one, `insufficient_scope` or `invalid_token`."""


def api_of(env: Mapping[str, str]) -> str:
    """The API's base without a slash at its end. Raises UsageError without one, or an unsafe one."""
    base = env.get("CI_API_V4_URL", "")
    if not base:
        message = "CI_API_V4_URL isn't set, so nobody knows where GitLab's API is"
        raise UsageError(message, hint="run in a GitLab job, which has it")
    return safe_base("CI_API_V4_URL", base, example="give GitLab an https address: its `external_url`")


class GitLabApi(RestApi):
    """GitLab, asked with one access token."""

    def _headers(self) -> Mapping[str, str]:
        return {"PRIVATE-TOKEN": self._token, "Accept": "application/json"}

    def _error(self, method: str, reply: Reply, document: Any) -> GitLabError:
        known = document if isinstance(document, dict) else {}
        words = "; ".join(dict.fromkeys(_words(known))) if known else reply.body.decode("utf-8", "replace")
        said = self.harmless(words)
        wait = self._asked_to_wait(reply)
        temporary = is_temporary(reply.status) if wait is None else wait <= self._patience.longest_wait
        told = f", it asks us to wait {wait:.0f} s" if wait else ""
        line = status_line(reply.status)
        shown = line if said in ("", line) else f"{line}: {said}"
        code = known.get("error") if isinstance(known.get("error"), str) else ""
        error = GitLabError(
            f"{method} {without_query(reply.url)}: {shown}{told}",
            hint=_hint(reply.status, str(code)),
            status=reply.status,
            code="rate-limit" if wait is not None else str(code)[:40],
            temporary=temporary,
            retry_after=reply.headers.get("retry-after", "") if wait is None else f"{wait:.0f}",
        )
        error.said = said
        return error

    def _asked_to_wait(self, reply: Reply) -> float | None:
        """Seconds until the rate limit lets us on; None where the answer isn't about it."""
        if reply.status != 429:
            return None
        asked = parse_retry_after(reply.headers.get("retry-after", ""), self._patience.now())
        reset = reply.headers.get("ratelimit-reset", "")
        if asked is None and re.fullmatch(r"[0-9]{1,12}", reset):
            asked = max(0.0, int(reset) - self._patience.now())
        return _UNTOLD_WAIT if asked is None else asked


def _words(document: Mapping[str, Any]) -> Iterator[str]:
    """What GitLab says: `message` as text, list, or lists by field; `error` and `error_description` of OAuth."""
    for name in ("message", "error", "error_description"):
        yield from _texts(document.get(name))


def _texts(said: Any, field: str = "") -> Iterator[str]:
    if isinstance(said, str) and said:
        yield f"{field} {said}".strip()
    elif isinstance(said, list):
        for item in said[:5]:
            if isinstance(item, str):
                yield from _texts(item, field)
    elif isinstance(said, dict) and not field:
        for name, item in list(said.items())[:5]:
            yield from _texts(item, "" if name == "base" else str(name))


def _hint(status: int, code: str) -> str:
    if status == 429:
        return "wait and run it again: the token, or the address it is used from, made too many requests"
    if status == 401:
        return f"the token is wrong, revoked or has expired: {HOW_TO_GET_ONE}"
    if status == 403 and code == "insufficient_scope":
        return f"the token lacks the scope `api`: {HOW_TO_GET_ONE}"
    if status == 403:
        return "the token's role in the project must be Developer or more, and its merge requests be enabled"
    if status == 404:
        return f"is the token a member of the project? GitLab hides from others that it is there; {HOW_TO_GET_ONE}"
    if status >= 500:
        return "GitLab has troubles of its own: look at its status page, then run it again"
    return ""
