"""Images that are said in several scalars: from those to spans, whatever a format calls its keys."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ci_toolkit.manifests.base import ImageSpan
from ci_toolkit.manifests.scalars import no_reference
from ci_toolkit.manifests.tree import Scalar
from ci_toolkit.manifests.walk import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_toolkit.manifests.base import Holds, Part, Place
    from ci_toolkit.manifests.spans import Source
    from ci_toolkit.manifests.tree import Node
    from ci_toolkit.manifests.walk import Step, Walk

NULL = frozenset({"", "~", "null"})
"""Plain scalars that say nothing."""
_MORE_THAN_A_NAME = re.compile(r"@.*|:[^/]*\Z", re.DOTALL)
NOT_ONLY_A_NAME = "its name holds a tag or a digest as well: write only the name there"
_NOT_PLAIN = "its tag or digest isn't written plainly"


class Apart(NamedTuple):
    """An image in several scalars."""

    value: str
    """The whole reference."""
    name: Found
    """The scalar that tells where it is."""
    written: tuple[tuple[Found, Holds], ...] = ()
    """The scalars that are written to pin it, and what each holds."""
    added: Part | None = None
    """What is put in to pin it."""
    into: Step | None = None
    """The mapping that it is put into."""
    skipped: str = ""
    refused: str = ""
    tagless: str = ""


def scalars(walk: Walk, values: Iterable[tuple[str, Step]]) -> dict[str, Found]:
    """The scalars among the values of a mapping; of a key that it has twice the last, as most readers take it."""
    followed = [(key, walk.follow(value)) for key, value in values]
    return {
        key: Found(step.node, step.route, step.path)
        for key, step in followed
        if step is not None and isinstance(step.node, Scalar)
    }


def text_of(found: Mapping[str, Found], key: str) -> str:
    """What a key says, without blanks around it; null says nothing."""
    if key not in found:
        return ""
    scalar = found[key].scalar
    said = scalar.value.strip()
    return "" if not scalar.style and said.lower() in NULL else said


def only_name(name: str) -> str:
    """A name without the tag and the digest that it may hold."""
    return _MORE_THAN_A_NAME.sub("", name)


def joined(name: str, tag: str = "", digest: str = "") -> str:
    """The whole reference of these parts."""
    return f"{name}{':' if tag else ''}{tag}{'@' if digest else ''}{digest}"


def spans_apart(source: Source, images: Sequence[Apart]) -> list[ImageSpan]:
    """A span for each; images of one value may share what is written, others not."""
    users: dict[tuple[str, Node], list[Found | Step]] = {}
    for image in images:
        for found in (*(found for found, _ in image.written), *([image.into] if image.into else ())):
            users.setdefault((image.value, found[0]), []).append(found)
    shared = {key: source.shared(found) for key, found in users.items()}
    return [_span(source, image, shared) for image in images]


def _span(source: Source, image: Apart, shared: Mapping[tuple[str, Node], tuple[Place, ...]]) -> ImageSpan:
    route = image.name.route
    parts: list[Part] = []
    skipped = image.skipped or no_reference(image.value)
    for found, holds in image.written:
        part = source.part(found, holds)
        if part is None:
            skipped = skipped or _NOT_PLAIN
        else:
            parts.append(replace(part, shared=shared[image.value, found.scalar]))
    if image.added and image.into:
        parts.append(replace(image.added, shared=shared[image.value, image.into.node]))
    return ImageSpan(
        value=image.value,
        parts=tuple(sorted(parts, key=lambda part: part.start)),
        place=source.place(route[-1].start if route else image.name.scalar.start, image.name.path),
        skipped=skipped,
        refused=image.refused,
        tagless=image.tagless,
    )
