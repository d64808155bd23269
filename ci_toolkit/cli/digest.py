"""`ci-toolkit digest`: what a tag points at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.registries import desk, image_named, key_of
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.client import RepositoryClient


@click.command("digest", epilog="Example: ci-toolkit digest ghcr.io/acme/app:1.4 --platform linux/arm64")
@click.argument("reference", metavar="REF")
@click.option("--platform", metavar="OS/ARCH", help="The digest of one platform of the image.")
@with_settings(runs=False)
def command(settings: Settings, reference: str, platform: str | None) -> None:
    """Print the digest that a tag points at: HOST/NAME:TAG, the tag is `latest` where none is given."""
    named = image_named(reference)
    with desk(settings) as opened:
        from ci_toolkit.registry.missing import find

        client = opened.client(named)
        found = find(client, key_of(named))
        if platform:
            found = _of_platform(client, found, platform)
        if settings.format == "json":
            document = {
                "reference": str(named),
                "digest": str(found.digest),
                "mediaType": found.media_type,
                "size": found.size,
                **({"platform": platform} if platform else {}),
            }
            click.echo(json.dumps(document, indent=2))
        else:
            click.echo(str(found.digest))


def _of_platform(client: RepositoryClient, root: Descriptor, platform: str) -> Descriptor:
    from ci_toolkit.registry.inspection import platforms_of

    wanted = platform.removesuffix("/v8") if platform.endswith("arm64/v8") else platform
    platforms = platforms_of(client, root)
    if wanted not in platforms:
        message = f"{client.host.name}/{client.path}@{root.digest.short} has no {platform}"
        raise UsageError(message, hint=f"it has {', '.join(platforms) or 'no platform at all: it is no image'}")
    return platforms[wanted]
