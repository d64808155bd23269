"""Artifact Registry and Container Registry, keyless, by workload identity federation.

Sources: Google, "Security Token Service API, Method: token"; "IAM Service Account Credentials API, Method:
generateAccessToken"; Artifact Registry, "Configure authentication to Docker".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ci_toolkit.answers import HttpError
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.keychains.keyless import Keyless
from ci_toolkit.registry.keychains.refusal import explain
from ci_toolkit.registry.keychains.web import lifetime

if TYPE_CHECKING:
    from ci_toolkit.registry.keychains.identity import IdToken
    from ci_toolkit.registry.keychains.stated import Auth

USUAL = "GOOGLE_ID_TOKEN"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_USER = "oauth2accesstoken"
_SHORTEST = 300.0
"""Seconds that a token which doesn't say is taken to live."""


def audience(provider: str) -> str:
    """The audience of the job's OIDC token for a workload identity provider."""
    return f"https://iam.googleapis.com/{provider}"


class Google(Keyless):
    """Logins to `*-docker.pkg.dev` and `*.gcr.io` for a workload, or the service account that it may act as."""

    def login(self, host: str, auth: Auth) -> Credential | None:  # noqa: ARG002 one token serves all hosts
        """See `Provider.login`. Raises HttpError where Google refuses, and UsageError."""
        return self._web.persist(self._endpoints.google_sts, lambda: self._exchange(auth))

    def _exchange(self, auth: Auth) -> Credential | None:
        provider = auth.workload_identity_provider or ""
        token = self._identity.token(audience(provider), variable=auth.id_token_env, usual=USUAL)
        if token is None:
            return None
        federated, ends = self._federated(provider, token)
        if auth.service_account:
            federated, ends = self._impersonated(auth.service_account, federated, token)
        return Credential(username=_USER, password=federated, expires_at=ends)

    def _federated(self, provider: str, token: IdToken) -> tuple[str, float]:
        url = f"{self._endpoints.google_sts}/v1/token"
        question = {
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": f"//iam.googleapis.com/{provider}",
            "scope": _SCOPE,
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
            "subjectToken": token.value,
        }
        try:
            answer = self._web.post_json(url, question)
            return self._web.secret(answer, "access_token", url), self._now() + lifetime(
                answer.get("expires_in"), _SHORTEST
            )
        except HttpError as error:
            hint = (
                f"compare issuer, allowed audiences ({audience(provider)} unless set) and attribute condition of "
                f"{provider} with the claims above"
            )
            raise explain(error, "Google doesn't take the job's token", token, hint) from None

    def _impersonated(self, account: str, federated: str, token: IdToken) -> tuple[str, float]:
        url = f"{self._endpoints.google_iam}/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        headers = {"Authorization": f"Bearer {federated}"}
        try:
            answer = self._web.post_json(url, {"scope": [_SCOPE]}, headers=headers)
            return self._web.secret(answer, "accessToken", url), self._ends(answer.get("expireTime"))
        except HttpError as error:
            hint = f"give the workload's principal the role roles/iam.workloadIdentityUser on {account}"
            raise explain(error, f"the job may not act as {account}", token, hint) from None

    def _ends(self, moment: object) -> float:
        try:
            return datetime.fromisoformat(str(moment)).timestamp()
        except (ValueError, OverflowError):
            return self._now() + _SHORTEST
