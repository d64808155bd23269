"""Who we are to a registry: credentials, and a chain of keychains that know some."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Credential:
    """A login. Its secrets are in no `repr`."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    """A refresh token, exchanged for access tokens by OAuth2 in the password's place."""
    registry_token: str = field(default="", repr=False)
    """An access token, sent to the registry as it is."""
    expires_at: float | None = None
    """Unix time after which the keychain must be asked again; None: for good."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no output may hold."""
        return tuple(s for s in (self.password, self.identity_token, self.registry_token) if s)


ANONYMOUS = Credential()
"""An answer too: there shall be no login, and nobody else is asked for one."""


class Keychain(Protocol):
    """A place where logins are kept."""

    def resolve(self, host: str) -> Credential | None:
        """The login for a registry host; None: not mine; raises a ToolkitError: mine, but broken."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Several keychains, the first answer counts; no answer is anonymous."""

    keychains: Sequence[Keychain]

    def resolve(self, host: str) -> Credential | None:
        """The first keychain's login that isn't "not mine"."""
        for keychain in self.keychains:
            credential = keychain.resolve(host)
            if credential is not None:
                return credential if credential.secrets else None
        return None
