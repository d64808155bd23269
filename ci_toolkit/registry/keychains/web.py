"""Asking token services: bounded requests, one JSON object as the answer, and errors in the service's own words."""

from __future__ import annotations

import json
import math
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from ci_toolkit.answers import HttpError, is_temporary, status_line
from ci_toolkit.proxies import is_loopback
from ci_toolkit.retries import Retries
from ci_toolkit.transport import Transport
from ci_toolkit.trust import without_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from ci_toolkit.answers import Reply
    from ci_toolkit.deadlines import Limits
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor
    from ci_toolkit.retries import Patience

    T = TypeVar("T")

_MAX_ANSWER = 64 * 1024
_WORDS = ("error_description", "message", "description", "detail", "error")
"""Where token services put what went wrong: OAuth 2.0 (RFC 6749, 5.2), then the vendors' own."""


class Web:
    """Requests to token services. Logins are asked for rarely, so connections are closed after each question."""

    def __init__(
        self,
        env: Mapping[str, str],
        redact: Redactor,
        progress: Progress | None = None,
        *,
        limits: Limits | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._env, self._redact, self._limits = env, redact, limits
        self._retries = Retries(patience, progress)

    def persist(self, url: str, exchange: Callable[[], T]) -> T:
        """Run an exchange again while its errors are temporary: whole, for a token may be good for one try only."""
        return self._retries.run(urlsplit(url).netloc, exchange)

    def get(self, url: str, *, headers: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object that a GET gives. Raises HttpError for everything else."""
        return self._ask("GET", url, headers, b"")

    def post_form(self, url: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object that a form gives. Raises HttpError for everything else."""
        sent = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", url, sent, urlencode(fields).encode())

    def post_json(
        self, url: str, document: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The JSON object that a JSON object gives. Raises HttpError for everything else."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self._ask("POST", url, sent, json.dumps(document).encode())

    def secret(self, document: Mapping[str, Any], name: str, url: str) -> str:
        """A token in an answer, which no output may hold from now on. Raises HttpError where it isn't one."""
        value = document.get(name)
        if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
            message = f"{without_query(url)} answered without {name}"
            raise HttpError(message, hint="look at who answers for that address")
        self._redact.add(value)
        return value

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        if urlsplit(url).scheme != "https" and not is_loopback(urlsplit(url).hostname or ""):
            message = f"{without_query(url)} can't be asked for a token: only https keeps it secret"
            raise HttpError(message, hint="look at where that address comes from")
        with closing(Transport(env=self._env, limits=self._limits)) as transport:
            accept = {"Accept": "application/json", **headers}
            reply = transport.request(method, url, headers=accept, body=body, cap=_MAX_ANSWER)
        if reply.status not in (200, 201):
            said = (status_line(reply.status), self._redact.harmless(_said(reply))[:300])
            message = f"{method} {without_query(url)}: {': '.join(part for part in said if part)}"
            raise HttpError(
                message,
                status=reply.status,
                temporary=is_temporary(reply.status),
                retry_after=reply.headers.get("retry-after", ""),
            )
        document = _object(reply.body)
        if document is None:
            message = f"{method} {without_query(url)}: the answer is no JSON object"
            raise HttpError(message, hint="look at who answers for that address: a proxy's page, perhaps")
        return document


def lifetime(value: object, otherwise: float) -> float:
    """The seconds that an `expires_in` says, else `otherwise`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0:
        return float(value)
    return otherwise


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _said(reply: Reply) -> str:
    """What the service says went wrong, in one line."""
    document: Any = _object(reply.body)
    text = ""
    if document is None:
        text = reply.body.decode("utf-8", "replace")
    while isinstance(document, dict):
        errors = document.get("errors")
        inner = errors[0] if isinstance(errors, list) and errors else None
        found = inner if inner is not None else next((document[w] for w in _WORDS if document.get(w)), None)
        text, document = (found, None) if isinstance(found, str) else ("", found)
    return " ".join(text.split())
