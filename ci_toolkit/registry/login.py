"""Getting a host's login from whoever has one, and showing it to the registry before anybody relies on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolkitError
from ci_toolkit.model.login import LoginResult
from ci_toolkit.registry.check import prove
from ci_toolkit.registry.docker_login import who

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_toolkit.model.login import Source
    from ci_toolkit.registry.credentials import Credential, Keychain
    from ci_toolkit.registry.host import RegistryHost


class Offered:
    """A keychain of the logins that are being proven; it knows which were asked for."""

    def __init__(self) -> None:
        self.logins: dict[str, Credential] = {}
        self.asked: set[str] = set()

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`."""
        self.asked.add(host)
        return self.logins.get(host)


def log_in(
    host: str, given: Keychain, own: Keychain, offered: Offered, connect: Callable[[str], RegistryHost]
) -> tuple[LoginResult, Credential | None]:
    """What came of it, and the login if it is a given one; `own` is the user's Docker config.

    `connect`: a host, spoken to with `offered` as its keychain. From any thread.
    """
    source: Source = "given"
    login = None
    try:
        login = given.resolve(host)
        if login is None:
            source, login = "docker config", own.resolve(host)
        if login is None:
            return LoginResult(host=host), None
        offered.logins[host] = login
        prove(connect(host))
    except ToolkitError as error:
        return LoginResult(host=host, source=source, user=who(login) if login else "", error=error), None
    result = LoginResult(
        host=host, source=source, user=who(login), expires_at=login.expires_at, proven=host in offered.asked
    )
    return result, login if source == "given" else None
