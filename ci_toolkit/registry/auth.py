"""Authentication with one registry: Basic, or tokens per scope.

Source: distribution/distribution, docs/spec/auth/{token,oauth,scope}.md.
"""

from __future__ import annotations

import base64
import json
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from ci_toolkit.answers import HttpError
from ci_toolkit.registry.challenge import Challenge, parse_challenges
from ci_toolkit.registry.faults import error_of
from ci_toolkit.trust import without_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_toolkit.answers import Reply
    from ci_toolkit.redact import Redactor
    from ci_toolkit.registry.credentials import Credential, Keychain
    from ci_toolkit.retries import Retries
    from ci_toolkit.transport import Transport

Scopes = frozenset[str]
"""What a request wants to do: `repository:NAME:pull,push`."""
_MAX_TOKEN = 64 * 1024
_SHORTEST_LIFE = 60.0
"""Seconds a token lives whose issuer doesn't say (the token spec's own default)."""
_EARLY = 300.0
"""Seconds before its end that a login is renewed; a fifth of its life where that is short."""
_CLIENT = "ci-toolkit"


def pull(path: str) -> str:
    """The scope that reads a repository."""
    return f"repository:{path}:pull"


def push(path: str) -> str:
    """The scope that writes a repository."""
    return f"repository:{path}:pull,push"


def delete(path: str) -> str:
    """The scope that removes manifests from a repository."""
    return f"repository:{path}:delete"


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float


class Authorizer:
    """Knows how to be let in by one registry; threads share it, and one fetches what all wait for."""

    def __init__(
        self,
        host: str,
        keychain: Keychain,
        transport: Transport,
        retries: Retries,
        redact: Redactor,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._host, self._keychain = host, keychain
        self._transport, self._retries, self._redact = transport, retries, redact
        self._clock, self._now = clock, now
        self._challenge: Challenge | None = None
        self._source = ""
        self._wanted: dict[Scopes, Scopes] = {}
        self._tokens: dict[Scopes, _Token] = {}
        self._credential: Credential | None = None
        self._resolved = False
        self._renew_at = math.inf
        self._lock = threading.Lock()

    def header(self, scopes: Scopes) -> str:
        """The Authorization for a request of these scopes; empty as long as the registry asked for none."""
        with self._lock:
            if self._challenge is None:
                return ""
            if self._challenge.scheme == "basic":
                return self._basic(self._login())
            token = self._tokens.get(scopes)
            if token is None or self._clock() >= token.renew_at:
                token = self._tokens[scopes] = self._fetch(self._challenge, scopes)
            return f"Bearer {token.value}"

    def hint(self) -> str:
        """What to do where the registry refuses us."""
        if self._credential:
            return f"logged in as {self._credential.username or 'the bearer of a token'}: may that user do this?"
        return f"there is no login for {self._host}: `docker login {self._host}`, or state one under `registries`"

    def learn(self, reply: Reply, scopes: Scopes, sent: str) -> None:
        """Take in what a 401 asks for, and forget the token it refused; raises HttpError for what we can't do."""
        challenges = {c.scheme: c for c in parse_challenges(reply.headers.get("www-authenticate", ""))}
        challenge = challenges.get("bearer") or challenges.get("basic")
        if challenge is None:
            message = f"{self._host} refused the request and names no way to log in that we know"
            raise HttpError(message, status=401, hint="is this a registry, and the right address?")
        with self._lock:
            self._challenge, self._source = challenge, reply.url
            asked = frozenset(challenge.parameters.get("scope", "").split(" ")) - {""}
            self._wanted[scopes] = scopes | {a for a in asked if not _covered(a, scopes)}
            self._forget(scopes, sent)

    def ran_out(self, reply: Reply, scopes: Scopes, sent: str) -> bool:
        """True if a 403 says that the login has expired, as ECR does in plain text; it is forgotten then.

        An answer without any text, to a HEAD, may say it too: there a login that is good for a time only is renewed.
        """
        with self._lock:
            leased = self._credential is not None and self._credential.expires_at is not None
            told = b"expired" in reply.body.lower() or (leased and not reply.body)
            if reply.status == 403 and sent and told:
                self._forget(scopes, sent)
                return True
        return False

    def _forget(self, scopes: Scopes, sent: str) -> None:
        """Drop what was refused, unless another thread has had it renewed meanwhile."""
        token, login = self._tokens.get(scopes), self._credential
        if token and sent == f"Bearer {token.value}":
            del self._tokens[scopes]
            self._resolved = False
        elif login and login.password and sent == self._basic(login):
            self._resolved = False

    def _login(self) -> Credential | None:
        credential, now = self._credential, self._now()
        if not self._resolved or now >= self._renew_at:
            credential = self._credential = self._keychain.resolve(self._host)
            self._resolved, self._renew_at = True, _renewal(credential, now)
            for secret in credential.secrets if credential else ():
                self._redact.add(secret, user=credential.username if credential else "")
        return credential

    def _basic(self, credential: Credential | None) -> str:
        if credential is None or not credential.password:
            message = f"{self._host} wants a login, and there is none for it"
            hint = f"`docker login {self._host}`, or set registries.{self._host}.auth in the config"
            raise HttpError(message, status=401, hint=hint)
        pair = f"{credential.username}:{credential.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def _fetch(self, challenge: Challenge, scopes: Scopes) -> _Token:
        credential = self._login()
        if credential and credential.registry_token:
            return _Token(credential.registry_token, self._clock() + self._renew_at - self._now())
        realm = self._realm(challenge)
        fields = [("service", challenge.parameters.get("service", ""))]
        fields += [("scope", scope) for scope in sorted(self._wanted.get(scopes, scopes))]
        host = urlsplit(realm).netloc
        reply = self._retries.run(host, lambda: self._ask(realm, fields, credential))
        return self._read(reply)

    def _realm(self, challenge: Challenge) -> str:
        realm = challenge.parameters.get("realm", "")
        if reason := self._transport.may_go(self._source, realm):
            message = f"{self._host} sends us for a token to {without_query(realm)}: refused, {reason}"
            raise HttpError(message, hint="look at the registry's configuration, or at who answers for it")
        return realm

    def _ask(self, realm: str, fields: list[tuple[str, str]], credential: Credential | None) -> Reply:
        if credential and credential.identity_token:
            form = [("grant_type", "refresh_token"), ("client_id", _CLIENT), *fields]
            body = urlencode([*form, ("refresh_token", credential.identity_token)]).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            reply = self._transport.request("POST", realm, headers=headers, body=body, cap=_MAX_TOKEN)
        else:
            headers = {"Authorization": self._basic(credential)} if credential else {}
            joint = "&" if "?" in realm else "?"
            url = f"{realm}{joint}{urlencode([f for f in fields if f[1]])}"
            reply = self._transport.request("GET", url, headers=headers, cap=_MAX_TOKEN)
        if reply.status != 200:
            who = "the login for it" if credential else "anonymous access"
            hint = f"{who} was refused: check the credentials, or `docker login {self._host}`"
            raise error_of(reply, f"a token for {self._host} from", hint=hint if reply.status in (401, 403) else "")
        return reply

    def _read(self, reply: Reply) -> _Token:
        document: Any = None
        try:
            document = json.loads(reply.body)
            value = document.get("token") or document.get("access_token")
        except (ValueError, RecursionError, AttributeError):
            value = None
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            message = f"{without_query(reply.url)} answered without a token"
            raise HttpError(message, hint="look at the registry's token service")
        self._redact.add(value)
        life = document.get("expires_in")
        usable = isinstance(life, int | float) and not isinstance(life, bool) and math.isfinite(life) and life > 0
        seconds = float(life) if usable else _SHORTEST_LIFE
        return _Token(value, self._clock() + seconds - min(30.0, seconds / 5))


def _renewal(credential: Credential | None, now: float) -> float:
    """When a login is asked for anew, in Unix time: a while before it ends, so that no request meets its end."""
    if credential is None or credential.expires_at is None:
        return math.inf
    life = max(credential.expires_at - now, _SHORTEST_LIFE)
    return now + life - min(_EARLY, life / 5)


def _covered(asked: str, scopes: Scopes) -> bool:
    """True if one of our scopes grants what is asked: `repository:a:pull` is part of `repository:a:pull,push`."""
    resource, _, actions = asked.rpartition(":")
    for scope in scopes:
        ours, _, granted = scope.rpartition(":")
        if ours == resource and set(actions.split(",")) <= set(granted.split(",")):
            return True
    return False
