"""One registry host: requests to it, logged in, and tried again where that is safe."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ci_toolkit.answers import HttpError, Reply
from ci_toolkit.model.reference import DOCKER_HUB
from ci_toolkit.progress import Silent
from ci_toolkit.registry.budget import Budget, budget_of
from ci_toolkit.registry.faults import error_of
from ci_toolkit.registry.granted import granted_by
from ci_toolkit.trust import joined, same_origin, without_query

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from typing import TypeVar

    from ci_toolkit.progress import Progress
    from ci_toolkit.registry.auth import Authorizer, Scopes
    from ci_toolkit.retries import Retries
    from ci_toolkit.transport import Body, Incoming, Transport

    T = TypeVar("T")

DOCKER_HUB_HOST = "registry-1.docker.io"
"""Where Docker Hub, known as `docker.io`, really is."""
_MAX_REPLY = 4 * 1024 * 1024


class RegistryHost:
    """A host as `docker.io` or `localhost:5000`. `plain`: HTTP is allowed, and TLS spoken where it is asked for."""

    def __init__(
        self,
        name: str,
        *,
        transport: Transport,
        retries: Retries,
        authorizer: Authorizer,
        plain: bool,
        progress: Progress | None = None,
    ) -> None:
        self.name = name
        self.budget: Budget | None = None
        """What is left of the registry's rate limit, as it last said."""
        self.lists_referrers: bool | None = None
        """Whether it has the referrers API; None until somebody asked."""
        self._progress = progress or Silent()
        self._warned = False
        self._transport, self._retries, self._authorizer = transport, retries, authorizer
        self._plain = plain
        self._base = ""
        self._lock = threading.Lock()

    def persist(self, operation: Callable[[], T]) -> T:
        """Run an operation that may be repeated as a whole until it succeeds or patience is at its end."""
        return self._retries.run(self.name, operation)

    def call(
        self,
        method: str,
        path: str,
        scopes: Scopes,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        allow: Collection[int] = (200,),
    ) -> Reply:
        """A request that is safe to repeat, repeated; raises HttpError for a status that isn't allowed."""
        return self.persist(lambda: self.exchange(method, path, scopes, headers=headers, body=body, allow=allow))

    def exchange(
        self,
        method: str,
        path: str,
        scopes: Scopes,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Body = b"",
        allow: Collection[int] = (200,),
    ) -> Reply:
        """One request, its 401 answered once with a new login; raises HttpError for a status that isn't allowed.

        `path` may be a whole URL a registry gave: on another host it is asked without credentials.
        """
        with self.open(method, path, scopes, headers=headers, body=body, allow=allow) as incoming:
            return Reply(incoming.status, incoming.headers, incoming.read(_MAX_REPLY), incoming.url)

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        scopes: Scopes,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Body = b"",
        allow: Collection[int] = (200,),
        size: int = 0,
    ) -> Iterator[Incoming]:
        """As `exchange`, with the body of the answer (about `size` bytes) still to be read."""
        url = self.url(path)
        ours = url.startswith(f"{self._base}/") or same_origin(url, self._base)
        for attempt in (1, 2):
            authorization = self._authorizer.header(scopes) if ours else ""
            sent = {**(headers or {}), **({"Authorization": authorization} if authorization else {})}
            with self._transport.open(method, url, headers=sent, body=body, size=size) as incoming:
                if ours and same_origin(incoming.url, url):
                    self._note_budget(incoming.headers)
                if incoming.status in allow:
                    yield incoming
                    return
                reply = Reply(incoming.status, incoming.headers, incoming.read(_MAX_REPLY), incoming.url)
            again = attempt == 1 and ours and same_origin(reply.url, url)
            if again and self._authorizer.ran_out(reply, scopes, authorization):
                continue
            if reply.status != 401 or not again:
                hint = self._authorizer.hint() if ours and reply.status in (401, 403) else ""
                raise error_of(reply, method, hint=hint)
            self._authorizer.learn(reply, scopes, authorization)

    def granted(self, scopes: Scopes) -> Scopes | None:
        """What the token for these scopes says it is good for; None where there is none yet, or it doesn't say."""
        return granted_by(self._authorizer.header(scopes))

    def told_budget(self) -> str:
        """`Docker Hub: 94 of 100 pulls left for 6 h`; empty where the registry told of no limit."""
        if self.budget is None:
            return ""
        hub = self.name == DOCKER_HUB
        return f"{'Docker Hub' if hub else self.name}: {self.budget.told('pulls' if hub else 'requests')}"

    def _note_budget(self, headers: Mapping[str, str]) -> None:
        budget = budget_of(headers)
        if budget is None:
            return
        with self._lock:
            self.budget = budget
            warn, self._warned = budget.is_low and not self._warned, self._warned or budget.is_low
        if warn:
            self._progress.warn(f"{self.told_budget()}: a login or a mirror gives more")

    def follow(self, reply: Reply, target: str) -> str:
        """The URL of a Location or Link in an answer; raises HttpError where it must not be followed."""
        url = joined(reply.url, target)
        if reason := self._transport.may_go(reply.url, url):
            message = f"{self.name} sends us on to {without_query(url)}: refused, {reason}"
            raise HttpError(message, hint="look at the registry's configuration, or at who answers for it")
        return url

    def url(self, path: str) -> str:
        """The whole URL of a path here."""
        with self._lock:
            if not self._base:
                self._base = self._find_base()
        return f"{self._base}{path}" if path.startswith("/v2/") else urljoin(self._base, path)

    def _find_base(self) -> str:
        host = DOCKER_HUB_HOST if self.name == DOCKER_HUB else self.name
        if not self._plain:
            return f"https://{host}"
        try:
            reply = self.persist(lambda: self._transport.request("GET", f"http://{host}/v2/"))
        except HttpError as error:
            # Patience is at its end; whoever asked for this has no more of it.
            error.temporary = False
            raise
        # What Go's and nginx's TLS ports answer to plain HTTP.
        speaks_tls = reply.status == 400 and b"https" in reply.body.lower()
        return f"https://{host}" if speaks_tls or urlsplit(reply.url).scheme == "https" else f"http://{host}"
