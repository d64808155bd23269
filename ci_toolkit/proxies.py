"""Which proxy a URL is asked through, as the environment given says."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


def proxies_for(url: str, env: Mapping[str, str]) -> dict[str, str]:
    """The proxy for a URL as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say, in requests' form.

    This machine is never asked through a proxy.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    names = (f"{parts.scheme}_proxy", f"{parts.scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    proxy = next((env[name] for name in names if env.get(name)), "")
    excepted = env.get("no_proxy") or env.get("NO_PROXY") or ""
    if not proxy or is_loopback(host) or any(_excepts(item, host, parts.port) for item in excepted.split(",")):
        return {}
    return {parts.scheme: proxy}


def is_loopback(host: str) -> bool:
    """True for a host name or address that is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _excepts(item: str, host: str, port: int | None) -> bool:
    pattern = item.strip().lower().lstrip(".")
    if not pattern:
        return False
    if pattern == "*" or host == pattern or f"{host}:{port}" == pattern or host.endswith(f".{pattern}"):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return False
