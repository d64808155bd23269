"""Trivy's client and server mode: the database is the server's, and its age is asked for before it is believed.

Source: Trivy 0.76, `GET /version` of a server: `{"Version", "VulnerabilityDB": {"UpdatedAt"}}`, asked without a token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_toolkit.answers import status_line
from ci_toolkit.errors import RemoteError, ToolError
from ci_toolkit.scanners.database import objection, time_of
from ci_toolkit.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

_MAX_ANSWER = 64 * 1024
_HINT = "is `scan.server.url` a Trivy server's, and is it up? Without `scan.server` Trivy scans here"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrivyServer:
    """A server, and what is sent to it. `env`: gives proxies and CA bundles."""

    url: str
    token: str = field(default="", repr=False)
    """Sent by Trivy, which gets it in its environment; empty: none."""
    env: Mapping[str, str] = field(repr=False)

    @property
    def variables(self) -> Mapping[str, str]:
        """What Trivy's environment needs for it."""
        return {"TRIVY_TOKEN": self.token} if self.token else {}

    def database_updated(self, *, now: datetime, max_age: timedelta) -> datetime:
        """When the server's database was made; raises ToolError where it isn't told, or too long ago."""
        answer = self._ask()
        try:
            updated = time_of(json.loads(answer)["VulnerabilityDB"]["UpdatedAt"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            message = f"{self.url}/version doesn't tell how old its vulnerability database is: {type(error).__name__}"
            raise ToolError(message, hint=_HINT) from None
        if reason := objection(updated, now, max_age):
            message = f"the vulnerability database of {self.url} {reason}"
            raise ToolError(message, hint="let the server refresh it; `scan.database.max-age` says how old it may be")
        return updated

    def _ask(self) -> bytes:
        transport = Transport(env=self.env)
        try:
            reply = transport.request("GET", f"{self.url}/version", cap=_MAX_ANSWER)
        except RemoteError as error:
            message = f"the Trivy server doesn't answer: {error.message}"
            raise ToolError(message, hint=_HINT) from error
        finally:
            transport.close()
        if reply.status != 200:
            message = f"{self.url}/version answers {status_line(reply.status)}"
            raise ToolError(message, hint=_HINT)
        return reply.body
