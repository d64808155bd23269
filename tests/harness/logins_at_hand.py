"""The simplest keychain: these logins, by host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.registry.credentials import Credential


@dataclass(frozen=True, slots=True)
class Configured:
    """Knows nobody else's."""

    logins: Mapping[str, Credential]

    def resolve(self, host: str) -> Credential | None:
        """The login for exactly this host."""
        return self.logins.get(host)
