"""`ci-toolkit tags`: what tags a repository has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.registries import desk
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.errors import RemoteError
from ci_toolkit.model.reference import Repository
from ci_toolkit.model.tag_order import tag_key
from ci_toolkit.model.text import neutral_json, neutralise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.registry.client import RepositoryClient

_WORKERS = 8


@click.command("tags", epilog="Example: ci-toolkit tags ghcr.io/acme/app --digests")
@click.argument("repository", metavar="REPO")
@click.option("--digests", is_flag=True, help="Ask for each tag what it points at.")
@with_settings(runs=False)
def command(settings: Settings, repository: str, digests: bool) -> None:  # noqa: FBT001 a click flag
    """List the tags of a repository: names first, then versions, the newest last."""
    named = Repository.parse(repository)
    with desk(settings) as opened:
        client = opened.destinations.repository(named)
        found = sorted(client.tags(), key=tag_key)
        if not found:
            message = f"{named} has no tags"
            raise RemoteError(message, hint="is the name right, and may this login see the repository?")
        points_at = _digests(client, found) if digests else {}
    if settings.format == "json":
        document = {"repository": str(named), "tags": found, **({"digests": points_at} if digests else {})}
        click.echo(neutral_json(document))
        return
    width = max(len(tag) for tag in found) if digests else 0
    lines = (f"{tag.ljust(width)}  {points_at[tag] or 'gone meanwhile'}" if digests else tag for tag in found)
    click.echo("\n".join(neutralise(line) for line in lines))


def _digests(client: RepositoryClient, tags: Sequence[str]) -> dict[str, str | None]:
    from ci_toolkit.registry.crew import each

    found = each(client.resolve, tags, workers=_WORKERS)
    return {tag: str(now.digest) if now else None for tag, now in zip(tags, found, strict=True)}
