"""Connections with deadlines that hold.

urllib3's read timeout starts anew with each byte, so a slow-loris outlives it: here every wait on the socket, for
headers too, is cut to what is left of the whole.
"""

from __future__ import annotations

import io
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ci_toolkit.deadlines import current

if TYPE_CHECKING:
    import socket

    from requests import PreparedRequest
    from urllib3.poolmanager import ProxyManager

    from ci_toolkit.deadlines import Deadline

_BUFFER = 256 * 1024


class _ClockedStream(io.RawIOBase):
    """A socket's reading end, each wait bounded by the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._sock, self._deadline = sock, deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.allowance())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _ClockedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_ClockedStream(sock, current.get()), _BUFFER)


class _Clocked(HTTPConnection):
    response_class = _ClockedResponse

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        """Send the headers; from here on `idle` counts, where urllib3 would still apply the connect timeout."""
        super().endheaders(*args, **kwargs)
        if self.sock is not None:
            self.sock.settimeout(current.get().allowance())


class _ClockedTls(_Clocked, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Clocked


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _ClockedTls


_POOLS: dict[str, Any] = {"http": _Pool, "https": _TlsPool}


class ClockedAdapter(HTTPAdapter):
    """requests' adapter over connections that keep to `current`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._known: dict[tuple[Any, ...], Any] = {}
        super().__init__(*args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """The pool for a request's origin, looked up once for each."""
        url = request.url or ""
        key = (url[: url.find("/", url.find("://") + 3)], verify, *(proxies or {}).values())
        if key not in self._known:
            self._known[key] = super().get_connection_with_tls_context(request, verify, proxies, cert)
        return self._known[key]

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> ProxyManager:
        """Make the pool of connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
