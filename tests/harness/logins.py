"""Keychains under test: what the config states, in a few words, and everything that is said on the way."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ci_toolkit.config.options import AuthOptions
from ci_toolkit.deadlines import Limits
from ci_toolkit.errors import ToolkitError
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.keychains.chain import Logins
from ci_toolkit.registry.keychains.endpoints import VENDORS, Endpoints
from tests.harness.pushing import Heard, Naps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.config.options import Provider
    from ci_toolkit.registry.credentials import Credential


def auth(provider: Provider, **options: str) -> AuthOptions:
    """`registries.HOST.auth` as the config would have it."""
    return AuthOptions(provider=provider, **options)


@dataclass
class Desk:
    """A keychain, and what can be read of it afterwards."""

    logins: Logins
    redact: Redactor
    heard: Heard
    shown: list[str] = field(default_factory=list)
    """What a user may see: reprs, errors, hints."""

    def resolve(self, host: str) -> Credential | None:
        """The login, its repr noted."""
        credential = self.logins.resolve(host)
        self.shown.append(repr(credential))
        return credential

    def refusal(self, host: str) -> ToolkitError:
        """The error that a host's login ends in."""
        try:
            found = self.logins.resolve(host)
        except ToolkitError as error:
            self.shown += [str(error), repr(error), error.hint, repr(error.__context__ if error.__cause__ else "")]
            return error
        message = f"no error, but {found!r}"
        raise AssertionError(message)

    def leaks(self, secrets: list[str]) -> list[str]:
        """The secrets that stand in anything shown or said, or that the redactor lets through."""
        said = "\n".join([*self.shown, *(line for _, line in self.heard.lines)])
        return [s for s in secrets if s in said or s in self.redact(f"x {s} y")]


@contextmanager
def desk(
    env: Mapping[str, str],
    stated: Mapping[str, AuthOptions] | None = None,
    endpoints: Endpoints = VENDORS,
    **more: Any,
) -> Iterator[Desk]:
    """A keychain in this environment, that waits for nothing."""
    redact, heard = Redactor(), Heard()
    env = {"DOCKER_CONFIG": "/nowhere", "PATH": "/usr/bin:/bin", **env}
    logins = Logins(
        env,
        SystemRunner(env, Redactor()),
        stated or {},
        redact,
        heard,
        endpoints=endpoints,
        limits=Limits(connect=2, idle=5, total=20),
        patience=Naps().patience(),
        **more,
    )
    yield Desk(logins, redact, heard)
