"""`docker://REFERENCE`, as GitHub's action and workflow files write images.

Source: actions/runner, `ActionManifestManager` (the scheme in any case).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.walk import Found

_SCHEME = "docker://"


def behind_docker(uses: Iterable[Found]) -> list[Found]:
    """Those of the steps' `uses` that run an image, rather than an action's repository or directory."""
    return [each for each in uses if each.scalar.value.strip().lower().startswith(_SCHEME)]


def behind_scheme(text: str, span: ImageSpan) -> ImageSpan | None:
    """The reference behind `docker://`; None for what doesn't start with it."""
    if span.skipped:
        return span
    if not span.value.lower().startswith(_SCHEME):
        return None
    reference, *rest = span.parts
    if text[reference.start : reference.end] != span.value:
        return replace(span, skipped="it is written with escapes: write it plainly")
    value = span.value[len(_SCHEME) :]
    bare = replace(reference, start=reference.start + len(_SCHEME), value=value, plain=False)
    return replace(span, value=value, parts=(bare, *rest))
