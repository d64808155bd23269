"""Whether an answer of one host may send us to another: redirects, token realms, upload locations, next pages.

The rule's origin: containerd's CVE-2020-15157, where a registry's answer led credentials to a host of its choice.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Resolver = Callable[[str], Sequence[str]]

_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what must be equal for credentials to travel along. Raises ValueError."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def same_origin(one: str, other: str) -> bool:
    """True if both URLs have the same scheme, host and port."""
    return origin(one) == origin(other)


def joined(base: str, target: str) -> str:
    """A URL a server gave, made absolute; what is no URL stays as it is, for `refusal` to name."""
    try:
        return urljoin(base, target)
    except ValueError:
        return target


def without_query(url: str) -> str:
    """The URL as it may be shown: no query (it holds signatures), no user information, no control characters."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
        host = f"{host}:{parts.port}" if parts.port else host
    except ValueError:
        return "<unreadable URL>"
    bare = SplitResult(parts.scheme, host, parts.path, "", "").geturl()
    return bare if bare.isprintable() else "".join(c if c.isprintable() else "?" for c in bare)


def addresses(host: str) -> Sequence[str]:
    """The addresses a name has; none where it can't be resolved here (behind a proxy, say)."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return [str(item[4][0]) for item in found]


def refusal(source: str, target: str, *, resolve: Resolver = addresses) -> str:
    """Why an answer of `source` must not send us to `target` (both URLs); empty where it may."""
    try:
        to_scheme, to_host, _ = origin(target)
        from_scheme, from_host, _ = origin(source)
        has_user = urlsplit(target).username is not None
    except ValueError:
        return "it is no URL"
    if to_scheme not in _PORTS or not to_host:
        return f"its scheme is {to_scheme or 'missing'!r}, not https"
    if from_scheme == "https" and to_scheme == "http":
        return "it leads from https to http"
    if has_user:
        return "it carries credentials"
    if to_host != from_host and _is_private(to_host, resolve) and not _is_private(from_host, resolve):
        return "it leads from a public host to a private address"
    return ""


def _is_private(host: str, resolve: Resolver) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return any(not ipaddress.ip_address(address.partition("%")[0]).is_global for address in resolve(host))
