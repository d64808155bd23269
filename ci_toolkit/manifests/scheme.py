"""`docker://REFERENCE`, as GitHub's action and workflow files write images.

Source: actions/runner, `ActionManifestManager` (the scheme in any case).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_toolkit.manifests.base import ImageSpan

_SCHEME = "docker://"


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
