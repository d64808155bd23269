"""What a registry lets us do, found out by asking: nothing is built, and nothing stays there.

Source: OCI distribution spec 1.1, "Determining Support", "Listing Tags", "Pushing blobs" and its upload sessions.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from ci_toolkit.answers import HttpError
from ci_toolkit.deadlines import Limits
from ci_toolkit.errors import ToolkitError, UsageError
from ci_toolkit.model.access import Access
from ci_toolkit.model.oci import INDEX_TYPES, MANIFEST_TYPES
from ci_toolkit.model.reference import check_tag
from ci_toolkit.registry import auth
from ci_toolkit.registry.check_words import host_problem, immutable_words, no_push, no_repository, refused_login
from ci_toolkit.registry.docker_login import who
from ci_toolkit.retries import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ci_toolkit.model.access import Existence, Login, Wanted
    from ci_toolkit.registry.credentials import Credential, Keychain
    from ci_toolkit.registry.host import RegistryHost

LIMITS = Limits(connect=4.0, idle=4.0, total=6.0)
"""Seconds: somebody waits for the answer."""
PATIENCE = Patience(attempts=2, first_wait=0.3, longest_wait=1.0, total=6.0)
_NOBODYS_TAG = "ci-toolkit-login-check"
"""Asked for where no tag is known: whether it may be asked for is what counts."""
_REFUSED = frozenset({401, 403})
_CANCELLED = (200, 202, 204, 400, 401, 403, 404, 405)
"""Where a registry lets nobody cancel an upload, it runs out by itself."""


class Settings(Protocol):
    """What a registry's own API says of a repository."""

    @property
    def exists(self) -> bool:
        """Whether it is there."""

    @property
    def immutable(self) -> bool:
        """Whether no tag can be moved, but those that match `movable`."""

    @property
    def movable(self) -> tuple[str, ...]:
        """Wildcard patterns of tags."""


class Noted:
    """A keychain that remembers its answers."""

    def __init__(self, source: Keychain) -> None:
        self._source = source
        self.answers: dict[str, Credential | None] = {}

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`."""
        found = self.answers[host] = self._source.resolve(host)
        return found

    def user(self, host: str) -> str:
        """Whom the login for a host is for; empty for nobody."""
        found = self.answers.get(host)
        return who(found) if found else ""


class Checker:
    """Looks at one host's repositories; several hosts may be looked at at once.

    `connect`: a host, spoken to with this keychain. `settings`: what the registry's own API knows of a host and path,
    None where it has none.
    """

    def __init__(
        self,
        keychain: Noted,
        connect: Callable[[str], RegistryHost],
        settings: Callable[[str, str], Settings | None],
    ) -> None:
        self._keychain, self._connect, self._settings = keychain, connect, settings

    def look(self, wanted: Sequence[Wanted]) -> Iterator[Access]:
        """The repositories of one host: first whether it lets us in at all, for that is the same for each."""
        name = wanted[0].host
        try:
            host = self._connect(name)
            prove(host)
        except ToolkitError as error:
            yield from (self._outside(each, error) for each in wanted)
            return
        login: Login = "accepted" if self._keychain.answers.get(name) else "none"
        for each in wanted:
            access = Access(wanted=each, reachable=True, login=login, user=self._keychain.user(name))
            yield self._repository(host, access, each.repository.path) if each.repository else access

    def _outside(self, wanted: Wanted, error: ToolkitError) -> Access:
        status = error.status if isinstance(error, HttpError) else None
        user = self._keychain.user(wanted.host)
        login: Login = "unknown" if status not in _REFUSED else "refused" if user else "none"
        problem = refused_login(wanted.host, user, error) if login == "refused" else host_problem(wanted.host, error)
        return Access(wanted=wanted, reachable=status is not None, login=login, user=user, **problem)

    def _repository(self, host: RegistryHost, access: Access, path: str) -> Access:
        wanted, found = access.wanted, dict[str, Any]()
        try:
            settings = self._own_word(wanted.host, path)
            exists, tag = _listed(host, path) if settings is None else ("yes" if settings.exists else "no", "")
            found = {"exists": exists, "immutable": immutable_words(wanted, settings)}
            if exists == "no" and (settings is not None or not wanted.write):
                found |= no_repository(wanted)
            else:
                found |= _rights(host, access, path, exists, tag or _NOBODYS_TAG)
        except ToolkitError as error:
            found |= host_problem(wanted.host, error)
        return replace(access, **found, budget=host.told_budget())

    def _own_word(self, host: str, path: str) -> Settings | None:
        """What the registry's own API says; the right to ask it is nothing that a push needs."""
        try:
            return self._settings(host, path)
        except ToolkitError:
            return None


def prove(host: RegistryHost) -> None:
    """Show our login to the registry, if it asks; raises HttpError where it, or its token service, refuses it."""
    host.call("GET", "/v2/", auth.Scopes(), allow=(200, 404, 405))


def _listed(host: RegistryHost, path: str) -> tuple[Existence, str]:
    """Whether the repository is there, and one of its tags if it has any."""
    scopes = frozenset({auth.pull(path)})
    try:
        reply = host.call("GET", f"/v2/{path}/tags/list?n=1", scopes, allow=(200, 404))
    except HttpError as error:
        if error.status is None or error.temporary:
            raise
        return "unknown", ""
    return ("yes", _first_tag(reply.body)) if reply.status == 200 else ("no", "")


def _first_tag(body: bytes) -> str:
    try:
        return check_tag(str(json.loads(body)["tags"][0]))
    except (ValueError, RecursionError, LookupError, TypeError, UsageError):
        return ""


def _rights(host: RegistryHost, access: Access, path: str, exists: Existence, tag: str) -> dict[str, Any]:
    refused = _pull_refusal(host, path, tag)
    found: dict[str, Any] = {"pull": "no" if refused else "yes"}
    if not access.wanted.write:
        return found | (host_problem(access.wanted.host, refused) if refused else {})
    refused = _push_refusal(host, path) or refused
    if refused is None:
        return found | {"push": "yes", "exists": "at the first push" if exists == "no" else "yes"}
    return found | no_push(access, refused)


def _pull_refusal(host: RegistryHost, path: str, tag: str) -> HttpError | None:
    """Why nothing can be pulled. A HEAD: Docker Hub counts it not, and tells with it how many pulls are left."""
    url, accepted = f"/v2/{path}/manifests/{tag}", {"Accept": ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))}
    scopes = frozenset({auth.pull(path)})
    return _refusal(lambda: host.call("HEAD", url, scopes, headers=accepted, allow=(200, 404)))


def _push_refusal(host: RegistryHost, path: str) -> HttpError | None:
    """Why nothing can be pushed: from what the token says of itself, else from an upload begun and cancelled."""
    scopes = frozenset({auth.push(path)})

    def begin() -> None:
        granted = host.granted(scopes)
        if granted is None:
            _begin_and_cancel(host, path, scopes)
        elif f"repository:{path}:push" not in granted and f"repository:{path}:*" not in granted:
            actions = sorted(scope.rpartition(":")[2] for scope in granted) or ["nothing"]
            message = f"the token service of {host.name} grants {' and '.join(actions)} for {path}, not push"
            raise HttpError(message, status=403)

    return _refusal(begin)


def _begin_and_cancel(host: RegistryHost, path: str, scopes: auth.Scopes) -> None:
    reply = host.call("POST", f"/v2/{path}/blobs/uploads/", scopes, allow=(202,))
    location = reply.headers.get("location", "")
    if location:
        host.call("DELETE", host.follow(reply, location), scopes, allow=_CANCELLED)


def _refusal(ask: Callable[[], object]) -> HttpError | None:
    try:
        ask()
    except HttpError as error:
        if error.status is None or error.temporary:
            raise
        return error
    return None
