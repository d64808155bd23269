"""Images that a comment names: what the name means here, and whether what stands there can be that image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import Reference
from ci_toolkit.model.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.pinning import Target


def unknown_name(span: ImageSpan, targets: Sequence[Target], names: Collection[str] | None) -> str:
    """What is wrong with the name that a comment gives an image; nothing for one of `names`, and for a repository."""
    name = span.marked
    if not name or "/" in name or names is None or name in names:
        return ""
    repository = Reference.parse(name).repository
    if any(name == target.name or repository in target.repositories for target in targets):
        return ""
    meant = nearest(name, [*names])
    hint = f"did you mean {meant}?" if meant else f"there is {', '.join(names)}"
    return f"a comment marks it as {name}, which is no image of the config: {hint}"


def with_repository(span: ImageSpan, target: Target) -> ImageSpan:
    """The span with the image's repository where only a comment says which image it is, by its name."""
    if not span.marked or span.marked != target.name or _is_whole(span):
        return span
    return replace(span, value=f"{min(map(str, target.repositories))}{span.value.removeprefix(span.marked)}")


def another_than_named(span: ImageSpan, target: Target) -> str:
    """Why a whole reference isn't the image that a comment says it is; nothing if it is."""
    if not span.marked or not _is_whole(span):
        return ""
    try:
        if Reference.parse(span.value).repository in target.repositories:
            return ""
    except UsageError:
        pass
    known = ", ".join(sorted(map(str, target.repositories)))
    return f"a comment marks it as {span.marked}, which is {known}, but it is {span.value[:200]!r}"


def _is_whole(span: ImageSpan) -> bool:
    return span.parts[0].holds == "reference"
