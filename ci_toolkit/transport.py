"""The only module that opens HTTP sessions: bounded in time and size, and careful where it is sent."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from requests.utils import requote_uri

from ci_toolkit.answers import HttpError, Reply
from ci_toolkit.connections import ClockedAdapter
from ci_toolkit.deadlines import Deadline, Limits, current
from ci_toolkit.errors import UsageError
from ci_toolkit.proxies import proxies_for
from ci_toolkit.trust import addresses, joined, refusal, same_origin, without_query
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.trust import Resolver

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REDIRECTS_WITH_BODY = frozenset({307, 308})
_MAX_REDIRECTS = 5
_MAX_REPLY = 4 * 1024 * 1024
_MAX_ERROR = 64 * 1024
_CHUNK = 1024 * 1024
_POOL = 16
_PLAIN_URL = re.compile(r"[A-Za-z0-9:/?#\[\]@!$&'()*+,;=._~%-]*")
"""RFC 3986, 2: what needs no quoting; a percent sign is taken to begin an escape."""
_CONNECTION = re.compile(r"^\w+\(host=.*?\): ")
"""How urllib3 begins its messages."""


class Body(Protocol):
    """What is sent: its size in bytes is known, and each iteration starts anew, so that it can be replayed."""

    def __len__(self) -> int:
        """The size in bytes."""

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, from the start."""


class Incoming:
    """An answer whose body is still arriving."""

    def __init__(self, response: requests.Response, method: str) -> None:
        self._response = response
        self._method = method
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.url = response.url

    def chunks(self, cap: int) -> Iterator[bytes]:
        """The body as it arrives; raises HttpError beyond `cap` bytes, for a compressed and for a cut off one."""
        encoding = self.headers.get("content-encoding", "identity")
        if encoding != "identity" and self._response.request.method != "HEAD":
            message = f"{self._operation()}: the answer is {encoding[:20]!r}-encoded, which nobody asked for"
            raise HttpError(message)
        size = 0
        while chunk := self._read():
            size += len(chunk)
            if size > cap:
                message = f"{self._operation()}: the answer has more than the {cap} bytes allowed for its kind"
                raise HttpError(message)
            yield chunk

    def read(self, cap: int) -> bytes:
        """The body whole; of an error status only its first 64 KiB."""
        if self.status < 400:
            return b"".join(self.chunks(cap))
        kept = bytearray()
        while len(kept) < _MAX_ERROR and (chunk := self._read()):
            kept += chunk
        return bytes(kept[:_MAX_ERROR])

    def _read(self) -> bytes:
        try:
            data: bytes = self._response.raw.read(_CHUNK, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            message = f"{self._operation()}: the answer broke off: {_reason(error)}"
            raise HttpError(message, temporary=True) from error
        return data

    def _operation(self) -> str:
        return _operation(self._method, self.url)


class Transport:
    """HTTP for one run: safe to share between threads. `env` gives proxies and CA bundles, and nothing else does."""

    def __init__(self, *, env: Mapping[str, str], limits: Limits | None = None, resolve: Resolver = addresses) -> None:
        self._env = env
        self._limits = limits or Limits()
        self._resolve = resolve
        self._verify = _ca_bundle(env)
        # No session around it: what one adds (cookies, redirects, netrc, ambient proxies) is what we don't want.
        self._adapter = ClockedAdapter(pool_connections=_POOL, pool_maxsize=_POOL)

    def close(self) -> None:
        """Close every connection."""
        self._adapter.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Body = b"",
        cap: int = _MAX_REPLY,
        size: int = 0,
    ) -> Reply:
        """One request and its whole answer. Raises HttpError where there is no answer to be had.

        `cap` bounds the body in bytes; where about `size` bytes are expected, the deadline is that much later.
        """
        with self.open(method, url, headers=headers, body=body, size=size) as incoming:
            return Reply(incoming.status, incoming.headers, incoming.read(cap), incoming.url)

    @contextmanager
    def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Body = b"",
        size: int = 0,
    ) -> Iterator[Incoming]:
        """One request, redirects followed; the body is read by the caller inside the `with`."""
        sent = dict(headers or {})
        limits = self._limits
        deadline = Deadline(limits.idle, limits.total + max(size, len(body)) / limits.slowest)
        token = current.set(deadline)
        try:
            for _ in range(_MAX_REDIRECTS + 1):
                response = self._send(method, url, sent, body, deadline)
                try:
                    target = _redirect(method, response)
                    if not target:
                        yield Incoming(response, method)
                        return
                finally:
                    response.close()
                self._refuse_bad_redirect(method, url, target, with_body=bool(body))
                if not same_origin(url, target):
                    sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
                url = target
            message = f"{_operation(method, url)}: more than {_MAX_REDIRECTS} redirects"
            raise HttpError(message)
        finally:
            current.reset(token)

    def may_go(self, source: str, target: str) -> str:
        """Why an answer of `source` must not send us to `target`; empty where it may (see `ci_toolkit.trust`)."""
        return refusal(source, target, resolve=self._resolve)

    def _refuse_bad_redirect(self, method: str, source: str, target: str, *, with_body: bool) -> None:
        reason = self.may_go(source, target)
        if with_body and not reason and not same_origin(source, target):
            reason = "what was meant for one host isn't sent to another"
        if reason:
            message = f"{_operation(method, source)}: redirect to {without_query(target)} refused: {reason}"
            raise HttpError(message, hint="look at the server's configuration, or at who answers for it")

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Body, deadline: Deadline
    ) -> requests.Response:
        defaults = {"User-Agent": f"ci-toolkit/{__version__}", "Accept-Encoding": "identity"}
        try:
            return self._adapter.send(
                _prepared(method, url, {**defaults, **headers}, body),
                stream=True,
                timeout=(min(self._limits.connect, deadline.allowance()), deadline.allowance()),
                verify=self._verify,
                proxies=proxies_for(url, self._env),
            )
        except requests.exceptions.SSLError as error:
            message = f"{_operation(method, url)}: TLS failed: {_reason(error)}"
            hint = "a company's own CA is made known by REQUESTS_CA_BUNDLE or SSL_CERT_FILE"
            raise HttpError(message, hint=hint) from error
        except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL) as error:
            message = f"{without_query(url)} can't be asked: {_reason(error)}"
            raise HttpError(message) from error
        except OSError as error:
            message = f"{_operation(method, url)}: no answer: {_reason(error)}"
            hint = "is the host up, and can it be reached from here?"
            raise HttpError(message, hint=hint, temporary=True) from error


def _prepared(method: str, url: str, headers: Mapping[str, str], body: bytes | Body) -> requests.PreparedRequest:
    """The request as it goes out. What requests would look into on its way here is known to be right already."""
    request = requests.PreparedRequest()
    request.method, request.hooks, request.headers = method, {}, CaseInsensitiveDict(headers)
    request.url = url if _PLAIN_URL.fullmatch(url) else requote_uri(url)
    request.body = cast("bytes | None", body or None)
    if body or method not in ("GET", "HEAD"):
        request.headers["Content-Length"] = str(len(body))
    return request


def _ca_bundle(env: Mapping[str, str]) -> str | bool:
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        if path := env.get(name):
            if not Path(path).exists():
                message = f"{name} names {path}, which isn't there"
                raise UsageError(message, hint="correct the variable, or unset it to trust the public CAs")
            return path
    return True


def _redirect(method: str, response: requests.Response) -> str:
    location = response.headers.get("Location", "")
    followed = _REDIRECTS if method in ("GET", "HEAD") else _REDIRECTS_WITH_BODY
    return joined(response.url, location) if location and response.status_code in followed else ""


def _operation(method: str, url: str) -> str:
    return f"{method} {without_query(url)}"


def _reason(error: BaseException) -> str:
    """The innermost cause in words: what requests wraps around it names objects, and URLs with their queries."""
    seen: BaseException = error
    for _ in range(8):
        inner = getattr(seen, "reason", None) or next((a for a in seen.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        seen = inner
    text = str(getattr(seen, "strerror", None) or seen)
    return f"{type(seen).__name__}: {_CONNECTION.sub('', text)[:200]}"
