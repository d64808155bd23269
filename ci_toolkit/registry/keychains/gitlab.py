"""GitLab's container registry and dependency proxy by the job's own login.

Source: GitLab, "Predefined CI/CD variables reference" and "Authenticate with the container registry".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.keychains.job import in_ci

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.registry.keychains.stated import Auth

_PLACES = (
    ("CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"),
    ("CI_DEPENDENCY_PROXY_SERVER", "CI_DEPENDENCY_PROXY_USER", "CI_DEPENDENCY_PROXY_PASSWORD"),
)
"""The variables with a host, its user and its password."""


class GitLab:
    """The job's registry login, for exactly the hosts that GitLab gave it for."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`."""
        if self._env.get("GITLAB_CI") != "true":
            return None
        for where, user, password in _PLACES:
            given = self._env.get(where, "")
            if given and host in (given, given.removesuffix(":443")) and self._env.get(password):
                return Credential(username=self._env.get(user) or "gitlab-ci-token", password=self._env[password])
        return None

    def login(self, host: str, auth: Auth) -> Credential | None:  # noqa: ARG002 a provider's form
        """See `Provider.login`; raises UsageError where GitLab gave the job no login for this host."""
        if found := self.resolve(host):
            return found
        if not in_ci(self._env):
            return None
        theirs = " and ".join(self._env[where] for where, _, _ in _PLACES if self._env.get(where))
        if theirs:
            message = f"the job's own login is for {theirs}, not for {host}"
            hint = f"make a deploy token there, and state it by `username` and `password` in registries.{host}.auth"
        else:
            message = f"the job has no registry login for {host}: CI_REGISTRY isn't set"
            hint = "turn the container registry on in the project's settings (Visibility), or run this in GitLab CI"
        raise UsageError(message, hint=hint)
