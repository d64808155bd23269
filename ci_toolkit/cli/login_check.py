"""The looking of `ci-toolkit login --check`."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ci_toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ci_toolkit.cli.session import Session
    from ci_toolkit.model.access import Access, Wanted
    from ci_toolkit.registry.credentials import Keychain
    from ci_toolkit.registry.host import RegistryHost


class _CheckError(ToolkitError):
    """Some rows failed; the exit code is the worst row's."""

    def __init__(self, failed: int, of: int, exit_code: int) -> None:
        message = f"{failed} of {of} {'fails' if failed == 1 else 'fail'} the check: nothing was built or pushed"
        super().__init__(message, hint="the table above says what to do for each")
        self.exit_code = exit_code


@contextmanager
def asker(opened: Session, keychain: Keychain) -> Iterator[Callable[[str], RegistryHost]]:
    """Opens hosts by name, with this keychain and the short deadlines of somebody who waits."""
    from ci_toolkit.model.reference import Repository
    from ci_toolkit.progress import Silent
    from ci_toolkit.registry.check import LIMITS, PATIENCE
    from ci_toolkit.registry.destinations import Destinations

    destinations = Destinations(
        env=opened.env,
        root=opened.config.root,
        keychain=keychain,
        insecure=[host for host, options in opened.config.registries.items() if options.insecure],
        redact=opened.redact,
        progress=Silent(),
        limits=LIMITS,
        patience=PATIENCE,
    )
    try:
        yield lambda host: destinations.repository(Repository(host, "any")).host
    finally:
        destinations.close()


def print_check(opened: Session, wanted: Sequence[Wanted]) -> None:
    """Look at everything, several hosts at once, and print it; raises a ToolkitError where a run would fail."""
    found = _found(opened, wanted)
    _print(opened, found)
    failed = [access for access in found if not access.ok]
    if failed:
        raise _CheckError(len(failed), len(found), max(access.exit_code for access in failed))


def _found(opened: Session, wanted: Sequence[Wanted]) -> Sequence[Access]:
    from ci_toolkit.cli.wiring import Wishes, Workshop
    from ci_toolkit.model.access import by_host
    from ci_toolkit.registry.check import Checker, Noted
    from ci_toolkit.registry.crew import in_lanes
    from ci_toolkit.registry.keychains.ecr_host import parse_host
    from ci_toolkit.registry.known_logins import KnownLogins

    logins = Workshop(opened, lambda _: None, Wishes()).logins()
    keychain = Noted(KnownLogins(opened.logins.had, logins, ended=opened.logins.ended))
    with asker(opened, keychain) as connect:
        checker = Checker(
            keychain,
            connect,
            lambda host, path: logins.ecr.repository_settings(host, path) if parse_host(host) else None,
        )
        looks = [[host] for host in by_host(wanted)]
        rows = [access for found in in_lanes(lambda host: list(checker.look(host)), looks) for access in found]
    return sorted(rows, key=lambda access: wanted.index(access.wanted))


def _print(opened: Session, found: Sequence[Access]) -> None:
    if opened.settings.format == "json":
        document = {"ok": all(access.ok for access in found), "repositories": [access.as_json() for access in found]}
        click.echo(opened.redact(json.dumps(document, indent=2, ensure_ascii=False)))
    else:
        from ci_toolkit.report.logins import check_text

        click.echo(opened.redact(check_text(found)))
