"""What the logins have in common that are had for the job's OIDC token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ci_toolkit.registry.keychains.endpoints import VENDORS, Endpoints

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_toolkit.registry.keychains.identity import JobIdentity
    from ci_toolkit.registry.keychains.web import Web


class Keyless:
    """A provider whose token service trusts the job's identity."""

    def __init__(
        self,
        identity: JobIdentity,
        web: Web,
        *,
        endpoints: Endpoints = VENDORS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._identity, self._web, self._endpoints, self._now = identity, web, endpoints, now
