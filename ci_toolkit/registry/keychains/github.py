"""GitHub's container registry by the job's own token.

Source: GitHub, "Working with the Container registry" and "Automatic token authentication".
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_toolkit.errors import UsageError
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.keychains.job import in_ci

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.registry.keychains.stated import Auth

HOST = "ghcr.io"
VARIABLE = "GITHUB_TOKEN"
"""GitHub sets it in no job by itself: the workflow, or the action by its input, does."""


class GitHub:
    """`GITHUB_TOKEN` as the login of ghcr.io. Unasked only in a job: on a laptop such a variable is for the API."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`."""
        is_job = self._env.get("GITHUB_ACTIONS") == "true"
        return self._credential() if host == HOST and is_job and self._env.get(VARIABLE) else None

    def login(self, host: str, auth: Auth) -> Credential | None:  # noqa: ARG002 a provider's form
        """See `Provider.login`; raises UsageError where the token is missing, or the host isn't GitHub's."""
        if host not in self._hosts():
            message = f"`auth: github` is for {HOST}, not for {host}: the token would go to somebody else"
            raise UsageError(message, hint=f"state another login under registries.{host}.auth")
        if self._env.get(VARIABLE):
            return self._credential()
        if not in_ci(self._env):
            return None
        message = f"there is no login for {host}: {VARIABLE} isn't set"
        value = "${{ github.token }}"
        hint = f"give the step `env: {{ {VARIABLE}: {value} }}`, and the job `permissions: packages: write`"
        raise UsageError(message, hint=hint)

    def _credential(self) -> Credential:
        return Credential(username=self._env.get("GITHUB_ACTOR") or "x-access-token", password=self._env[VARIABLE])

    def _hosts(self) -> tuple[str, ...]:
        """ghcr.io, and the registry of the GitHub Enterprise server that the job runs on."""
        server = urlsplit(self._env.get("GITHUB_SERVER_URL", "")).hostname or ""
        return (HOST, f"containers.{server}") if server and server != "github.com" else (HOST,)
