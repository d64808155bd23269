"""Who this job is: the OIDC token that the CI system signs for it, given for one exchange at a time.

Sources: GitHub, "OpenID Connect reference"; GitLab, "ID token authentication".
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import UsageError
from ci_toolkit.model.text import neutralise
from ci_toolkit.registry.keychains.job import in_ci

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.redact import Redactor
    from ci_toolkit.registry.keychains.web import Web

_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 the name of a variable
_FAR_OFF = 1e12
"""Unix time that no token lives to see."""
_PERMISSION = "add `permissions: id-token: write` to the job"


@dataclass(frozen=True, slots=True)
class IdToken:
    """An OIDC token. Its claims are no secret, and are what a cloud's trust is about."""

    value: str = field(repr=False)
    subject: str
    audience: str
    issuer: str

    def __str__(self) -> str:
        """The claims, for a message about a trust that isn't there."""
        return f"sub {self.subject or '?'}, aud {self.audience or '?'}, iss {self.issuer or '?'}"


class JobIdentity:
    """The job's OIDC tokens: from a variable, as GitLab's `id_tokens` make one, else from GitHub."""

    def __init__(
        self, env: Mapping[str, str], web: Web, redact: Redactor, *, now: Callable[[], float] = time.time
    ) -> None:
        self._env, self._web, self._redact, self._now = env, web, redact, now

    def token(self, audience: str, *, variable: str | None, usual: str) -> IdToken | None:
        """A token for this audience; None outside CI, where nobody has one.

        `variable` is the one the config names, `usual` the one that is looked at without. GitHub is asked anew each
        time: its tokens live for five minutes. Not tried again. Raises UsageError for a job that may have none,
        HttpError.
        """
        name = variable or usual
        if value := self._env.get(name, "").strip():
            return self._from_variable(name, value)
        if variable is None and self._env.get(_URL) and self._env.get(_TOKEN):
            return self._from_github(audience)
        if not in_ci(self._env) and variable is None:
            return None
        raise self._missing(audience, name, stated=variable is not None)

    def _from_variable(self, name: str, value: str) -> IdToken:
        self._redact.add(value)
        token = _read(value)
        ends = expiry(value)
        if token is None:
            message = f"{name} holds no OIDC token: three parts of base64, with dots between"
            raise UsageError(message, hint="give it the token that the CI system made, as it is")
        if ends is not None and ends <= self._now():
            message = f"the OIDC token in {name} expired {self._now() - ends:.0f} s ago ({token})"
            raise UsageError(message, hint="GitLab's live as long as the job's `timeout`: give the job a longer one")
        return token

    def _from_github(self, audience: str) -> IdToken:
        url, bearer = self._env[_URL], self._env[_TOKEN]
        self._redact.add(bearer)
        joint = "&" if "?" in url else "?"
        asked = f"{url}{joint}audience={quote(audience, safe='')}"
        headers = {"Authorization": f"Bearer {bearer}"}
        try:
            document = self._web.get(asked, headers=headers)
        except HttpError as error:
            error.message = f"GitHub gives the job no OIDC token: {error.message}"
            error.args = (error.message,)
            error.hint = error.hint or _PERMISSION
            raise
        value = self._web.secret(document, "value", url)
        token = _read(value)
        if token is None:
            message = "GitHub answered with something that is no OIDC token"
            raise HttpError(message, hint="look at https://www.githubstatus.com, and run the job again")
        return token

    def _missing(self, audience: str, name: str, *, stated: bool) -> UsageError:
        if self._env.get("GITLAB_CI") == "true":
            hint = f"give the job `id_tokens: {{ {name}: {{ aud: {audience} }} }}`"
            return UsageError(f"the job has no OIDC token: {name} isn't set", hint=hint)
        if stated:
            hint = f"set it to an OIDC token for the audience {audience}, or leave `id-token-env` out of the config"
            return UsageError(f"{name}, named by `id-token-env`, isn't set", hint=hint)
        if self._env.get("GITHUB_ACTIONS") == "true":
            fork = self._env.get("GITHUB_EVENT_NAME") in ("pull_request", "pull_request_review")
            more = "; a pull request from a fork gets none: push after the merge" if fork else ""
            return UsageError(f"the job may not ask for an OIDC token: {_URL} isn't set", hint=_PERMISSION + more)
        return UsageError(
            f"the job has no OIDC token: {name} isn't set",
            hint=f"have the CI system put a token for the audience {audience} into {name}",
        )


def _read(value: str) -> IdToken | None:
    claims = _claims(value)
    if not claims:
        return None
    audience = claims.get("aud")
    listed = ", ".join(str(a) for a in audience) if isinstance(audience, list) else audience
    shown = (_shown(claims.get("sub")), _shown(listed), _shown(claims.get("iss")))
    return IdToken(value, *shown)


def _shown(claim: object) -> str:
    return neutralise(claim)[:200] if isinstance(claim, str) else ""


def _claims(value: str) -> dict[str, Any]:
    """What a JWT claims (RFC 7519), its signature left to those whom it is for; empty where it is none."""
    parts = value.split(".")
    if len(parts) != 3 or not value.isascii():
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def expiry(value: str) -> float | None:
    """When a JWT ends, in Unix time; None where it doesn't say."""
    ends = _claims(value).get("exp")
    if isinstance(ends, int | float) and 0 < ends < _FAR_OFF:
        return float(ends)
    return None
