"""Azure Container Registry, keyless: the job's OIDC token → an Entra token → the registry's refresh token.

Sources: Microsoft, "Access token request with a federated credential" (OAuth 2.0 client credentials flow); Azure/acr,
docs/AAD-OAuth.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from ci_toolkit.answers import HttpError
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.keychains.identity import expiry
from ci_toolkit.registry.keychains.keyless import Keyless
from ci_toolkit.registry.keychains.refusal import explain

if TYPE_CHECKING:
    from ci_toolkit.registry.keychains.identity import IdToken
    from ci_toolkit.registry.keychains.stated import Auth

AUDIENCE = "api://AzureADTokenExchange"
USUAL = "ACR_ID_TOKEN"
_SCOPE = "https://containerregistry.azure.net/.default"
_USER = "00000000-0000-0000-0000-000000000000"
"""Says that the password is a refresh token; Docker and we log in with it as with any other."""
_SHORTEST = 3600.0
"""Seconds that a refresh token which doesn't say is taken to live: they live for three hours at most."""


class Acr(Keyless):
    """Logins to ACR for an application or managed identity that trusts the job's OIDC token."""

    def login(self, host: str, auth: Auth) -> Credential | None:
        """See `Provider.login`. Raises HttpError where Entra or the registry refuses, and UsageError."""
        return self._web.persist(self._endpoints.entra, lambda: self._exchange(host, auth))

    def _exchange(self, host: str, auth: Auth) -> Credential | None:
        token = self._identity.token(AUDIENCE, variable=auth.id_token_env, usual=USUAL)
        if token is None:
            return None
        tenant = auth.tenant_id or ""
        refresh = self._refresh_token(host, tenant, self._entra_token(tenant, auth.client_id or "", token))
        return Credential(username=_USER, password=refresh, expires_at=expiry(refresh) or self._now() + _SHORTEST)

    def _entra_token(self, tenant: str, client: str, token: IdToken) -> str:
        url = f"{self._endpoints.entra}/{quote(tenant, safe='')}/oauth2/v2.0/token"
        fields = {
            "grant_type": "client_credentials",
            "client_id": client,
            "scope": _SCOPE,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": token.value,
        }
        try:
            return self._web.secret(self._web.post_form(url, fields), "access_token", url)
        except HttpError as error:
            hint = (
                f"give application {client} of tenant {tenant} a federated credential with exactly this issuer and "
                f"subject, and the audience {AUDIENCE}"
            )
            raise explain(error, "Entra doesn't take the job's token", token, hint) from None

    def _refresh_token(self, host: str, tenant: str, entra_token: str) -> str:
        url = f"{self._endpoints.acr.format(host=host)}/oauth2/exchange"
        fields = {"grant_type": "access_token", "service": host, "tenant": tenant, "access_token": entra_token}
        try:
            return self._web.secret(self._web.post_form(url, fields), "refresh_token", url)
        except HttpError as error:
            hint = "give the application the role AcrPush (AcrPull to read) on the registry, and check tenant and host"
            raise explain(error, f"{host} gives the application no login", None, hint) from None
