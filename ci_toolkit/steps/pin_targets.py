"""From an image's push to what is pinned: the digest that every repository has got, and the tag it has there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError, VerdictError
from ci_toolkit.manifests.pinning import Target
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.manifests.pinning import Style
    from ci_toolkit.state import ImageState


def repositories_of(options: ImageOptions) -> frozenset[Repository]:
    """Where manifests can have the image from: a registry on disk (`oci:DIR`) is no such place."""
    return frozenset(r for r in options.repositories if isinstance(r, Repository))


def planned_target(options: ImageOptions, image: ImageState, style: Style) -> Target:
    """What would be pinned; what isn't known before the run stands in angle brackets."""
    return Target(
        name=options.name,
        repositories=repositories_of(options),
        digest=str(image.digest or f"<digest of {options.name}>"),
        tag=image.tags[0] if image.tags else f"<first tag of {options.name}>",
        style=style,
    )


def pushed_target(options: ImageOptions, image: ImageState, style: Style) -> Target:
    """What is pinned; no tag is resolved for it.

    Raises UsageError for an image that isn't in every one of its registries as it is now, VerdictError for one that
    the gate refuses.
    """
    name = options.name
    if image.verdict == "fail" and image.gate != "overridden":
        message = f"{name} is not pinned: the gate refuses it"
        raise VerdictError(message, hint="upgrade what is fixable, or triage it under `scan.ignore`")
    records = {record.repository: record for record in image.pushed}
    first = ""
    for repository in options.repositories:
        record = records.get(str(repository))
        if not isinstance(repository, Repository):
            continue
        if image.digest is None or record is None or record.digest != image.digest:
            what = (
                "has not been pushed" if record is None else f"was pushed as {record.digest.short}, not as it is now,"
            )
            message = f"{name} {what} to {repository}, so there is no digest to pin"
            raise UsageError(message, hint="run `ci-toolkit push` first, or hand the push job's state on")
        first = first or next(iter(record.tags), "")
    children = {str(digest): platform for platform, digest in image.platforms.items() if digest != image.digest}
    return Target(
        name=name,
        repositories=repositories_of(options),
        digest=str(image.digest),
        tag=first or None,
        style=style,
        platforms=children,
        alone=image.digest in image.platforms.values(),
    )
