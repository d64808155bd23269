"""The first link: what the config states for a host, `registries.HOST.auth`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.registry.credentials import ANONYMOUS, Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Auth(Protocol):
    """What the config may say of a login; `config.options.AuthOptions` is one."""

    @property
    def provider(self) -> str:
        """`login`, `anonymous`, or a key of `PROVIDERS`."""

    @property
    def username(self) -> str | None:
        """The user; for Docker Hub's keyless login the organisation."""

    @property
    def password(self) -> str | None:
        """A secret, with the provider `login`."""

    @property
    def role(self) -> str | None:
        """ECR: the ARN of the role to assume."""

    @property
    def tenant_id(self) -> str | None:
        """ACR: the Entra tenant."""

    @property
    def client_id(self) -> str | None:
        """ACR: the application or managed identity."""

    @property
    def workload_identity_provider(self) -> str | None:
        """Google: `projects/…/providers/NAME`."""

    @property
    def service_account(self) -> str | None:
        """Google: whom to act as."""

    @property
    def connection_id(self) -> str | None:
        """Docker Hub: the OIDC connection."""

    @property
    def id_token_env(self) -> str | None:
        """The variable with the job's OIDC token."""


class Provider(Protocol):
    """Somebody who gives logins to those whom the config names."""

    def login(self, host: str, auth: Auth) -> Credential | None:
        """The login; None where this run has no identity to give one for (a laptop); raises a ToolkitError."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Logins by host, as the config states them. `providers` makes each provider when it is first needed."""

    logins: Mapping[str, Auth]
    providers: Mapping[str, Callable[[], Provider]]

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`: the login stated for exactly this host."""
        auth = self.logins.get(host)
        if auth is None:
            return None
        if auth.provider == "anonymous":
            return ANONYMOUS
        if auth.provider == "login":
            return Credential(username=auth.username or "", password=auth.password or "")
        return self.providers[auth.provider]().login(host, auth)
