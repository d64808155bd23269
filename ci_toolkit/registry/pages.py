"""Lists that come in pages: a page's Link leads to the next one, on the same host and never in a circle.

Source: OCI distribution spec 1.1, "Listing Tags", "Listing Referrers".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_toolkit.answers import HttpError
from ci_toolkit.trust import same_origin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ci_toolkit.answers import Reply
    from ci_toolkit.registry.auth import Scopes
    from ci_toolkit.registry.host import RegistryHost

_MAX_PAGES = 10_000
_NEXT = re.compile(r'<([^>]*)>\s*;(?:[^,]*;)?\s*rel="?next"?')


def pages(
    host: RegistryHost,
    path: str,
    scopes: Scopes,
    *,
    what: str,
    headers: Mapping[str, str] | None = None,
    allow: Collection[int] = (200,),
) -> Iterator[Reply]:
    """Each page as it is wanted; `what` says in errors what is listed. Raises HttpError."""
    asked = set[str]()
    while path:
        asked.add(path)
        reply = host.call("GET", path, scopes, headers=headers, allow=allow)
        yield reply
        path = _next(host, reply, what)
        if path in asked or len(asked) > _MAX_PAGES:
            message = f"{host.name} lists {what} in a circle"
            raise HttpError(message)


def _next(host: RegistryHost, reply: Reply, what: str) -> str:
    link = _NEXT.search(reply.headers.get("link", ""))
    if not link or reply.status != 200:
        return ""
    url = host.follow(reply, link[1])
    if not same_origin(url, host.url("/")):
        message = f"{host.name} continues {what} on another host: {urlsplit(url).netloc}"
        raise HttpError(message, hint="look at the registry's configuration, or at who answers for it")
    return url
