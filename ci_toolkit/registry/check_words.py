"""What `login --check` says of what it found, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import RemoteError

if TYPE_CHECKING:
    from ci_toolkit.answers import HttpError
    from ci_toolkit.errors import ToolkitError
    from ci_toolkit.model.access import Access, Wanted
    from ci_toolkit.registry.check import Settings

_SPEAKS_HTTP = re.compile(r"wrong version number|record layer failure|unknown protocol|http request", re.IGNORECASE)
"""How OpenSSL's versions say that what came isn't TLS."""
_DENIED = frozenset({401, 403})
_MISSING = 404


def host_problem(host: str, error: ToolkitError) -> dict[str, Any]:
    """The problem of an error, with better advice where the check knows more."""
    hint = error.hint
    if _SPEAKS_HTTP.search(error.message) and "TLS failed" in error.message:
        hint = f"{host} speaks plain HTTP: if that is meant, allow it by `insecure: true` under registries.{host}"
    return {"problem": error.message, "hint": hint, "exit_code": error.exit_code}


def refused_login(host: str, user: str, error: ToolkitError) -> dict[str, Any]:
    """The problem of a login that the registry, or its token service, doesn't take."""
    hint = f"correct the login of {user}: registries.{host}.auth, the job's own, or `docker login {host}`"
    return _remote(f"{host} refuses the login of {user}: {error.message}", hint)


def no_push(access: Access, error: HttpError) -> dict[str, Any]:
    """What is said where a push is refused."""
    wanted, host = access.wanted, access.wanted.host
    if error.status == _MISSING:
        return no_repository(wanted)
    if error.status not in _DENIED:
        return {"push": "no"} | _remote(f"{wanted.name} takes no push: {error.message}", error.hint)
    if access.user:
        hint = f"give {access.user} the right to push there, or state another login under registries.{host}.auth"
        return {"push": "no"} | _remote(f"{access.user} may not push to {wanted.name}: {error.message}", hint)
    hint = f"state a login under registries.{host}.auth, or `docker login {host}`"
    return {"push": "no"} | _remote(f"nobody may push to {wanted.name} without a login: {error.message}", hint)


def no_repository(wanted: Wanted) -> dict[str, Any]:
    """What is said of a repository that isn't there and doesn't come by itself."""
    if wanted.create and wanted.write:
        return {"exists": "at the first push"}
    if wanted.write:
        hint = f"create it, or let it be created: `create: true` under registries.{wanted.host} (ECR)"
        return {"exists": "no"} | _remote(f"{wanted.name} doesn't exist", hint)
    return {"exists": "no"} | _remote(f"{wanted.name} doesn't exist", "correct its name, or push to it first")


def immutable_words(wanted: Wanted, settings: Settings | None) -> str:
    """Which tags stay where they are: in the registry's own words, else in the config's."""
    if settings is not None and settings.immutable:
        return f"all but {', '.join(settings.movable)}" if settings.movable else "all"
    return f"{', '.join(wanted.immutable)} (config)" if wanted.immutable else ""


def _remote(problem: str, hint: str) -> dict[str, Any]:
    return {"problem": problem, "hint": hint, "exit_code": RemoteError.exit_code}
