"""What came of logging in at one registry: the values of `ci-toolkit login`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ci_toolkit.errors import ToolkitError

Source = Literal["given", "docker config", "nobody"]
"""`given`: by config, CI system or cloud; `nobody`: there is no login."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginResult:
    """One registry. `error`: why there is no login that works; `proven`: the registry asked for it and took it."""

    host: str
    source: Source = "nobody"
    user: str = ""
    expires_at: float | None = None
    proven: bool = False
    error: ToolkitError | None = None

    @property
    def until(self) -> str:
        """When the login ends, ISO 8601 in UTC; empty where it doesn't, or nobody knows."""
        if self.expires_at is None:
            return ""
        return datetime.fromtimestamp(self.expires_at, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")

    def as_json(self) -> dict[str, Any]:
        """An entry of `login --format json`."""
        return {
            "registry": self.host,
            "source": self.source,
            "user": self.user or None,
            "expires_at": self.until or None,
            "proven": self.proven,
            "error": self.error.message if self.error else None,
        }
