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
    return behind(text, span, len(_SCHEME))


def behind(text: str, span: ImageSpan, length: int) -> ImageSpan:
    """The reference behind so many characters of a value."""
    reference, *rest = span.parts
    if text[reference.start : reference.end] != span.value:
        return replace(span, skipped="it is written with escapes: write it plainly")
    value = span.value[length:]
    bare = replace(reference, start=reference.start + length, value=value, plain=reference.plain and not length)
    return replace(span, value=value, parts=(bare, *rest))
