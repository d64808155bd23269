"""Docker Hub, keyless: the job's OIDC token for a token of the organisation's OIDC connection.

Sources: Docker, "OIDC connections"; docker/oidc-action and docker/login-action, which ask so (RFC 8693).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import DOCKER_HUB
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.keychains.keyless import Keyless
from ci_toolkit.registry.keychains.refusal import explain
from ci_toolkit.registry.keychains.web import lifetime

if TYPE_CHECKING:
    from ci_toolkit.registry.keychains.stated import Auth

AUDIENCE = "https://identity.docker.com"
USUAL = "DOCKER_HUB_ID_TOKEN"
_LIFE = 3600
"""Seconds that are asked for; Docker gives 300 to 3600."""


class DockerHub(Keyless):
    """Logins to Docker Hub as an organisation that has an OIDC connection."""

    def login(self, host: str, auth: Auth) -> Credential | None:
        """See `Provider.login`. Raises HttpError where Docker refuses, and UsageError."""
        if host != DOCKER_HUB:
            message = f"`docker-hub` is the login of {DOCKER_HUB}, not of {host}"
            raise UsageError(message, hint=f"state another login under registries.{host}.auth")
        return self._web.persist(self._endpoints.docker_hub, lambda: self._exchange(auth))

    def _exchange(self, auth: Auth) -> Credential | None:
        token = self._identity.token(AUDIENCE, variable=auth.id_token_env, usual=USUAL)
        if token is None:
            return None
        url = f"{self._endpoints.docker_hub}/oauth/token"
        fields = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "subject_token": token.value,
            "connection_id": auth.connection_id or "",
            "expires_in": str(_LIFE),
        }
        try:
            answer = self._web.post_form(url, fields)
            password = self._web.secret(answer, "access_token", url)
        except HttpError as error:
            hint = f"give connection {auth.connection_id} a ruleset whose subject claims match the one above"
            raise explain(error, "Docker doesn't take the job's token", token, hint) from None
        ends = self._now() + lifetime(answer.get("expires_in"), _LIFE)
        return Credential(username=auth.username or "", password=password, expires_at=ends)
