"""A code host's REST API, JSON in both directions: one token, which its host alone gets to see."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import UsageError
from ci_toolkit.model.text import neutralise
from ci_toolkit.proxies import is_loopback
from ci_toolkit.retries import Patience, Retries
from ci_toolkit.trust import without_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.answers import Reply
    from ci_toolkit.deadlines import Limits
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor

_MAX_ANSWER = 4 * 1024 * 1024
_PATIENCE = Patience(attempts=5, first_wait=1.0, longest_wait=60.0, total=120.0)


class ApiError(HttpError):
    """An answer that isn't what was asked for. `said`: the host's own words, made harmless."""

    said: str = ""


def safe_base(variable: str, base: str, *, example: str) -> str:
    """An API's address without a slash at its end. Raises UsageError where the token would travel in the open.

    `variable`: where the address is from; `example`: what to give instead.
    """
    try:
        parts = urlsplit(base)
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        good = bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        safe = good = False
    if not safe or not good:
        message = f"{variable} is {neutralise(without_query(base))!r}, where no token is sent: only https is safe"
        raise UsageError(message, hint=example)
    return base.rstrip("/")


class RestApi(ABC):
    """Requests with one token. Errors are HttpErrors, so exit code 4."""

    def __init__(
        self,
        base: str,
        token: str,
        *,
        env: Mapping[str, str],
        redact: Redactor,
        progress: Progress | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`base`: as `safe_base` gives it; `env`: for proxies and CA bundles."""
        # Here, not above: what HTTP needs takes its time to import, and a plan needs none of it.
        from ci_toolkit.transport import Transport

        redact.add(token)
        self._base, self._token, self._redact = base, token, redact
        self._patience = patience or _PATIENCE
        self._retries = Retries(self._patience, progress)
        self._transport = Transport(env=env, limits=limits)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object at `/repos/…`. Raises HttpError."""
        return self._object("GET", path, b"", repeatable=True)

    def listed(self, path: str) -> list[dict[str, Any]]:
        """The objects of the JSON array at `/repos/…`, one page. Raises HttpError."""
        found = self._persist("GET", path, b"", repeatable=True)
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            message = f"GET {without_query(self._base + path)}: the answer is no list of JSON objects"
            raise HttpError(message, hint=_WHO_ANSWERS)
        return found

    def post(self, path: str, document: Mapping[str, Any], *, repeatable: bool = False) -> dict[str, Any]:
        """The JSON object that a JSON object gives. Raises HttpError.

        `repeatable`: doing it twice is no harm. Else only what the host's rate limits turned away is sent again: of a
        broken connection or a 5xx nobody knows whether it was done.
        """
        return self._object("POST", path, json.dumps(document).encode(), repeatable=repeatable)

    def change(self, method: str, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that comes of a PUT or PATCH, which are safe to repeat. Raises HttpError."""
        return self._object(method, path, json.dumps(document).encode(), repeatable=True)

    def harmless(self, said: str) -> str:
        """Words of the host's as they may be shown: one line, no secret, no command, 300 characters at most."""
        # Shortened at the end: of a secret that is cut off the redactor would know nothing.
        return self._redact.harmless(" ".join(self._redact(said).split()))[:300]

    def _object(self, method: str, path: str, body: bytes, *, repeatable: bool) -> dict[str, Any]:
        found = self._persist(method, path, body, repeatable=repeatable)
        if not isinstance(found, dict):
            message = f"{method} {without_query(self._base + path)}: the answer is no JSON object"
            raise HttpError(message, hint=_WHO_ANSWERS)
        return found

    def _persist(self, method: str, path: str, body: bytes, *, repeatable: bool) -> Any:
        def ask() -> Any:
            try:
                return self._ask(method, path, body)
            except HttpError as error:
                turned_away = isinstance(error, ApiError) and error.code == "rate-limit"
                error.temporary = error.temporary and (repeatable or turned_away)
                raise

        return self._retries.run(urlsplit(self._base).netloc, ask)

    def _ask(self, method: str, path: str, body: bytes) -> Any:
        headers = dict(self._headers())
        if body:
            headers["Content-Type"] = "application/json"
        reply = self._transport.request(method, self._base + path, headers=headers, body=body, cap=_MAX_ANSWER)
        document = _json(reply.body)
        if not 200 <= reply.status < 300:
            raise self._error(method, reply, document)
        return document

    @abstractmethod
    def _headers(self) -> Mapping[str, str]:
        """What every request carries, the token too."""

    @abstractmethod
    def _error(self, method: str, reply: Reply, document: Any) -> ApiError:
        """What an answer that is no success means."""


_WHO_ANSWERS = "look at who answers for that address: a proxy's page, perhaps"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
