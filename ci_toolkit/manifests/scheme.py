"""`docker://REFERENCE`, as GitHub's action and workflow files write images.

Source: actions/runner, `ActionManifestManager` (the scheme in any case).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.walk import Found

_SCHEME = re.compile("docker://", re.IGNORECASE)


def behind_docker(uses: Iterable[Found]) -> list[Found]:
    """Those of the steps' `uses` that run an image, rather than an action's repository or directory."""
    return [each for each in uses if _SCHEME.match(each.scalar.value.strip())]


def behind_scheme(text: str, span: ImageSpan, scheme: re.Pattern[str] = _SCHEME) -> ImageSpan | None:
    """The reference behind `docker://`, or behind another scheme; None for what doesn't start with it."""
    if span.skipped:
        return span
    found = scheme.match(span.value)
    if found is None:
        return None
    reference, *rest = span.parts
    if text[reference.start : reference.end] != span.value:
        return replace(span, skipped="it is written with escapes: write it plainly")
    value = span.value[found.end() :]
    bare = replace(reference, start=reference.start + found.end(), value=value, plain=False)
    return replace(span, value=value, parts=(bare, *rest))
