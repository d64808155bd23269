"""The clouds' token services, strict: written from the vendors' descriptions, they refuse what the vendor would.

GitHub's OIDC endpoint, Entra with ACR, Google's STS with service accounts, Docker's identity service; AWS's is in
`tests/harness/aws.py`. Every secret handed out is remembered, for a search in whatever was printed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ci_toolkit.registry.keychains.endpoints import Endpoints
from tests.harness.proxy import Answer, Exchange, FaultServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TENANT, CLIENT, REGISTRY = "tenant-1", "client-1", "example.azurecr.io"
WORKLOAD = "projects/1/locations/global/workloadIdentityPools/ci/providers/github"
ACCOUNT = "ci@project.iam.gserviceaccount.com"
CONNECTION = "11111111-2222-3333-4444-555555555555"
SUBJECT = "repo:acme/app:ref:refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_TYPES = "urn:ietf:params:oauth:token-type:"
_KEY = b"the issuer's key"


class Refused(Exception):  # noqa: N818 an answer, not a fault
    """What a service answers instead of a token."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.answer = Answer(status, {"content-type": "application/json"}, json.dumps(document).encode())


def jwt(claims: Mapping[str, Any]) -> str:
    """A token with these claims, signed by the test's issuer."""
    parts = [_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    return ".".join([*parts, _encoded(hmac.digest(_KEY, ".".join(parts).encode(), hashlib.sha256))])


@dataclass
class Cloud:
    """All of them on one port, each below a path of its own. `subject`: whom the clouds trust."""

    subject: str = SUBJECT
    life: float = 300.0
    """Seconds that the job's tokens live."""
    granted: bool = True
    """The job has `id-token: write`."""
    secrets: list[str] = field(default_factory=list)
    server: FaultServer = field(default_factory=FaultServer)
    request_token: str = field(default_factory=lambda: f"request-canary-{uuid.uuid4().hex}")
    refresh_life: float = 3 * 3600.0
    lost: int = 0
    """So many answers to a POST get lost on the way, after the service has done its work."""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By service, what its success answer is changed by; None takes a member away."""
    _spent: set[str] = field(default_factory=set)

    @contextmanager
    def running(self) -> Iterator[Cloud]:
        """Serve until the block ends."""
        with self.server.running():
            self.restore()
            yield self

    def restore(self) -> None:
        """Have the services answer whatever no other rule does."""
        for path, service in {
            r"^/github/": self._github,
            r"^/entra/": self._entra,
            r"^/acr/": self._acr,
            r"^/google-sts/": self._google_sts,
            r"^/google-iam/": self._google_iam,
            r"^/hub/": self._hub,
        }.items():
            self.server.rule("", path, self._answering(service), times=10_000)

    @property
    def url(self) -> str:
        """The base of everything here."""
        return f"http://{self.server.host}"

    @property
    def endpoints(self) -> Endpoints:
        """Where the vendors' services are in tests."""
        return Endpoints(
            entra=f"{self.url}/entra",
            acr=f"{self.url}/acr/{{host}}",
            google_sts=f"{self.url}/google-sts",
            google_iam=f"{self.url}/google-iam",
            docker_hub=f"{self.url}/hub",
        )

    def github_env(self) -> dict[str, str]:
        """The environment of a GitHub job."""
        env = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat", "GITHUB_RUN_ID": "42"}
        if self.granted:
            self.secrets.append(self.request_token)
            env["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.url}/github/token?api-version=2.0"
            env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = self.request_token
        return env

    def id_token(self, audience: str, **claims: Any) -> str:
        """An OIDC token of the job, as GitLab would put it into a variable."""
        now = time.time()
        body = {"iss": ISSUER, "sub": SUBJECT, "aud": audience, "exp": now + self.life, "jti": uuid.uuid4().hex}
        return self._secret(jwt({**body, **claims}))

    def accepted(self, token: str, audience: str) -> str:
        """What is wrong with an OIDC token; empty where it is good. Each is good once."""
        parts = token.split(".")
        signed = _encoded(hmac.digest(_KEY, ".".join(parts[:2]).encode(), hashlib.sha256))
        if len(parts) != 3 or parts[2] != signed:
            return "signature"
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
        if claims["exp"] <= time.time():
            return "expired"
        if claims["aud"] != audience:
            return "audience"
        if claims["sub"] != self.subject:
            return "subject"
        if claims["jti"] in self._spent:
            return "replayed"
        self._spent.add(claims["jti"])
        return ""

    def _answering(self, service: Callable[[Exchange], dict[str, Any]]) -> Callable[[Exchange], None]:
        def behave(exchange: Exchange) -> None:
            try:
                body = json.dumps(service(exchange)).encode()
            except Refused as refused:
                exchange.answer(refused.answer)
                return
            if self.lost and exchange.method == "POST":
                self.lost -= 1
                self.secrets.pop()  # it never arrives
                exchange.drop()
                return
            exchange.answer(Answer(200, {"content-type": "application/json"}, body))

        return behave

    def _secret(self, value: str) -> str:
        self.secrets.append(value)
        return value

    def _token(self, service: str, document: dict[str, Any]) -> dict[str, Any]:
        changed = {**document, **self.answers.get(service, {})}
        return {name: value for name, value in changed.items() if value is not None}

    def _github(self, exchange: Exchange) -> dict[str, Any]:
        """Source: GitHub, "OpenID Connect reference", "Methods for requesting the OIDC token"."""
        query = parse_qs(urlsplit(exchange.path).query)
        if exchange.headers.get("authorization") != f"Bearer {self.request_token}":
            raise Refused(401, {"message": "the bearer token is not valid"})
        if exchange.method != "GET" or query.get("api-version") != ["2.0"] or len(query.get("audience", [])) != 1:
            raise Refused(400, {"message": "bad request"})
        return self._token("github", {"count": 1, "value": self.id_token(query["audience"][0])})

    def _entra(self, exchange: Exchange) -> dict[str, Any]:
        """Source: Microsoft, "OAuth 2.0 client credentials flow"; its AADSTS error codes."""
        form = _form(exchange, {"error": "invalid_request", "error_description": "AADSTS900144: no form"})
        tenant = urlsplit(exchange.path).path.split("/")[2]

        def refuse(status: int, error: str, words: str) -> Refused:
            return Refused(status, {"error": error, "error_description": f"{words} Trace ID: 1"})

        if tenant != TENANT:
            raise refuse(400, "invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            raise refuse(400, "unsupported_grant_type", "AADSTS70003: The grant type isn't supported.")
        if form.get("client_id") != CLIENT:
            raise refuse(400, "unauthorized_client", f"AADSTS700016: Application '{form.get('client_id')}' not found.")
        if form.get("scope") != "https://containerregistry.azure.net/.default":
            raise refuse(400, "invalid_scope", "AADSTS70011: The provided value for scope is not valid.")
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            raise refuse(400, "invalid_request", "AADSTS900144: client_assertion_type is missing.")
        if wrong := self.accepted(form.get("client_assertion", ""), "api://AzureADTokenExchange"):
            code = {"subject": "700213", "audience": "700212", "expired": "700024"}.get(wrong, "700027")
            raise refuse(401, "invalid_client", f"AADSTS{code}: No matching federated identity record: {wrong}.")
        token = self._secret(f"entra-canary-{uuid.uuid4().hex}")
        return self._token("entra", {"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    def _acr(self, exchange: Exchange) -> dict[str, Any]:
        """Source: Azure/acr, docs/AAD-OAuth.md."""
        unauthorized = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required, see the docs"}]}
        form, host = _form(exchange, unauthorized), urlsplit(exchange.path).path.split("/")[2]
        known = form.get("access_token") in self.secrets and "entra-canary" in form.get("access_token", "")
        asked = (form.get("grant_type"), form.get("service"), form.get("tenant"), exchange.path.split("/", 3)[3])
        if not known or host != REGISTRY or asked != ("access_token", REGISTRY, TENANT, "oauth2/exchange"):
            raise Refused(401, unauthorized)
        claims = {"aud": host, "exp": int(time.time() + self.refresh_life), "jti": uuid.uuid4().hex}
        return self._token("acr", {"refresh_token": self._secret(jwt({**claims, "grant_type": "refresh_token"}))})

    def _google_sts(self, exchange: Exchange) -> dict[str, Any]:
        """Source: Google, "Security Token Service API, Method: token"."""
        question = _json(exchange)
        wanted = {
            "grantType": _EXCHANGE,
            "audience": f"//iam.googleapis.com/{WORKLOAD}",
            "scope": CLOUD_PLATFORM,
            "requestedTokenType": f"{_TYPES}access_token",
            "subjectTokenType": f"{_TYPES}jwt",
        }
        token = str(question.pop("subjectToken", ""))
        if "authorization" in exchange.headers or urlsplit(exchange.path).path != "/google-sts/v1/token":
            raise Refused(400, {"error": "invalid_request", "error_description": "Bad request"})
        for name, value in wanted.items():
            if question.get(name) != value:
                raise Refused(400, {"error": "invalid_request", "error_description": f"Invalid value for {name}"})
        if wrong := self.accepted(token, f"https://iam.googleapis.com/{WORKLOAD}"):
            raise Refused(400, {"error": "invalid_grant", "error_description": f"The credential is rejected: {wrong}"})
        given = self._secret(f"ya29.federated-canary-{uuid.uuid4().hex}")
        answer = {"access_token": given, "issued_token_type": f"{_TYPES}access_token", "expires_in": 3600}
        return self._token("google-sts", {**answer, "token_type": "Bearer"})

    def _google_iam(self, exchange: Exchange) -> dict[str, Any]:
        """Source: Google, "IAM Service Account Credentials API, generateAccessToken"."""
        denied = {"error": {"code": 403, "message": "Permission denied on resource.", "status": "PERMISSION_DENIED"}}
        bearer = exchange.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self.secrets or "federated-canary" not in bearer:
            raise Refused(401, {"error": {"code": 401, "message": "Invalid token.", "status": "UNAUTHENTICATED"}})
        if exchange.path != f"/google-iam/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken":
            raise Refused(403, denied)
        if _json(exchange).get("scope") != [CLOUD_PLATFORM]:
            raise Refused(400, {"error": {"code": 400, "message": "Scope required.", "status": "INVALID_ARGUMENT"}})
        token = self._secret(f"ya29.account-canary-{uuid.uuid4().hex}")
        return self._token("google-iam", {"accessToken": token, "expireTime": "2099-12-31T23:59:59.123456789Z"})

    def _hub(self, exchange: Exchange) -> dict[str, Any]:
        """Source: docker/oidc-action and Docker's "OIDC connections"."""
        form = _form(exchange, {"message": "expected a form"})
        if form.get("grant_type") != _EXCHANGE or form.get("subject_token_type") != f"{_TYPES}id_token":
            raise Refused(400, {"message": "unsupported grant"})
        if not re.fullmatch(r"[0-9]+", form.get("expires_in", "")) or not 300 <= int(form["expires_in"]) <= 3600:
            raise Refused(400, {"message": "expires_in must be between 300 and 3600"})
        if form.get("connection_id") != CONNECTION:
            raise Refused(404, {"message": "connection not found"})
        if wrong := self.accepted(form.get("subject_token", ""), "https://identity.docker.com"):
            raise Refused(403, {"message": f"no ruleset matches: {wrong}"})
        token = self._secret(f"dckr-canary-{uuid.uuid4().hex}")
        return self._token("hub", {"access_token": token, "token_type": "Bearer", "expires_in": 1200})


def _form(exchange: Exchange, refusal: Mapping[str, Any]) -> dict[str, str]:
    fields = parse_qs(exchange.body.decode(), strict_parsing=True) if exchange.body else {}
    is_form = exchange.headers.get("content-type") == "application/x-www-form-urlencoded"
    if exchange.method != "POST" or not is_form or any(len(values) != 1 for values in fields.values()):
        raise Refused(400, refusal)
    return {name: values[0] for name, values in fields.items()}


def _json(exchange: Exchange) -> dict[str, Any]:
    if exchange.method != "POST" or exchange.headers.get("content-type") != "application/json":
        raise Refused(400, {"error": "invalid_request", "error_description": "expected JSON"})
    document: dict[str, Any] = json.loads(exchange.body)
    return document


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
