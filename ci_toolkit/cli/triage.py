"""`ci-toolkit triage`: the ignored findings, listed and edited."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.settings import with_settings
from ci_toolkit.config import formats
from ci_toolkit.errors import UsageError
from ci_toolkit.model.triage_entry import LIFETIME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from datetime import date

    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.settings import Settings

_FILE = click.option(
    "--file", "name", metavar="FILE", help="One of the config's `scan.ignore-files`.  [default: the first]"
)
_IMAGE = click.option("--image", metavar="NAME", help="Only in this image of the config.")
_EXPIRES = "Last day, as YYYY-MM-DD, or how long from today, such as 90d."


@click.group("triage", epilog="Example: ci-toolkit triage list")
def command() -> None:
    """List, add, prune and import ignored findings.

    Those in the config's `scan.ignore` are listed only: nobody but you edits the config.
    """


@command.command("list", epilog="Example: ci-toolkit triage list --format json")
@with_settings(runs=False, reads_state=True)
def list_them(settings: Settings) -> None:
    """Show every entry and how it stands.

    As far as the last scan's findings tell.
    """
    from ci_toolkit.cli.triage_list import print_entries, standings

    with _session(settings) as opened:
        print_entries(opened, standings(opened, _today()))


@command.command(
    "add",
    epilog="Example: ci-toolkit triage add CVE-2023-45853 --package zlib1g --reason 'minizip is not built' "
    "--owner platform",
)
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="Why the finding doesn't matter here.")
@click.option("--owner", required=True, help="Who answers for it.")
@click.option("--package", help="Only in this package: its name, or its purl.")
@click.option(
    "--path", help="Only at this path in the image; `app/*` is all that lies below `app`, `/` the image's own config."
)
@_IMAGE
@click.option("--expires", help=f"{_EXPIRES}  [default: {LIFETIME.days}d]")
@_FILE
@with_settings(runs=False, reads_state=True)
def add(
    settings: Settings,
    identifier: str,
    reason: str,
    owner: str,
    package: str | None,
    path: str | None,
    image: str | None,
    expires: str | None,
    name: str | None,
) -> None:
    """Append an entry to a file of ignored findings.

    Comments and layout stay as they are.
    """
    from ci_toolkit.cli.triage_edit import add_entry

    with _session(settings) as opened:
        today = _today()
        last = (
            today + min(LIFETIME, opened.config.scan.ignore_lifetime) if expires is None else _last_day(expires, today)
        )
        what = {"id": identifier, "package": package, "path": path, "image": image}
        add_entry(opened, {**what, **_answered(reason, owner, today, last)}, name, today)


@command.command("prune", epilog="Example: ci-toolkit triage prune --dry-run")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@with_settings(runs=False, reads_state=True)
def prune(settings: Settings) -> None:
    """Remove the entries that expired or match nothing.

    What matches nothing is told by the last scan of all the images that an entry speaks of.
    """
    from ci_toolkit.cli.triage_edit import prune_entries

    with _session(settings) as opened:
        prune_entries(opened, _today(), dry_run=settings.dry_run)


@command.command("import", epilog="Example: ci-toolkit triage import .trivyignore --owner platform --expires 90d")
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--owner", help="Who answers for the entries: Trivy's files don't say.")
@click.option("--reason", help="The reason of entries without one.")
@click.option("--expires", help=f"For entries without an expiry. {_EXPIRES}")
@_IMAGE
@_FILE
@with_settings(runs=False, reads_state=True)
def import_them(
    settings: Settings,
    source: Path,
    owner: str | None,
    reason: str | None,
    expires: str | None,
    image: str | None,
    name: str | None,
) -> None:
    """Take over a .trivyignore or .trivyignore.yaml.

    All of it; or nothing, and every violation is named.
    """
    from ci_toolkit.cli.triage_import import Answers, import_entries

    with _session(settings) as opened:
        today = _today()
        answers = Answers(owner=owner, reason=reason, expires=None if expires is None else _last_day(expires, today))
        import_entries(opened, source, answers, image=image, name=name, today=today)


def _session(settings: Settings) -> AbstractContextManager[Session]:
    from ci_toolkit.cli.session import session

    return session(settings, writes=False, judges=False, asks=False)


def _answered(reason: str, owner: str, today: date, expires: date) -> Mapping[str, str]:
    return {"reason": reason, "owner": owner, "created": f"{today}", "expires": f"{expires}"}


def _last_day(text: str, today: date) -> date:
    """A date, or a duration from today; raises UsageError for neither."""
    try:
        return formats.day(text) if "-" in text else today + formats.duration(text)
    except UsageError as error:
        hint = "--expires takes a day, such as 2027-03-31, or how long from today, such as 90d, at most 366d"
        raise UsageError(error.message, hint=hint) from error


def _today() -> date:
    return datetime.now(UTC).date()
