"""Images that are said in several scalars: from those to spans, whatever the format calls its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ci_toolkit.manifests.base import ImageSpan
from ci_toolkit.manifests.scalars import locate
from ci_toolkit.manifests.spans import in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.manifests.base import Holds, Part
    from ci_toolkit.manifests.spans import Source
    from ci_toolkit.manifests.tree import Scalar
    from ci_toolkit.manifests.walk import Found

_NOT_PLAIN = "its tag or digest isn't written plainly"


class Apart(NamedTuple):
    """An image in several scalars: the whole reference, the scalar that tells where it is, and its path."""

    value: str
    name: Found
    path: str
    written: tuple[tuple[Found, Holds], ...] = ()
    """The scalars that are written to pin it, and what each holds."""
    added: Part | None = None
    """What is put in to pin it."""
    beside: Found | None = None
    """Where that is put."""
    skipped: str = ""
    refused: str = ""


def spans_apart(source: Source, images: Sequence[Apart]) -> list[ImageSpan]:
    """A span for each, in the text's order; images of one value may share what is written, others not."""
    users: dict[tuple[str, Scalar], list[Found]] = {}
    for image in images:
        for found in _touched(image):
            users.setdefault((image.value, found.scalar), []).append(found)
    return in_order([_span(source, image, users) for image in images])


def joined(name: str, tag: str = "", digest: str = "") -> str:
    """The whole reference of these parts."""
    return f"{name}{':' if tag else ''}{tag}{'@' if digest else ''}{digest}"


def _touched(image: Apart) -> list[Found]:
    return [*(found for found, _ in image.written), *([image.beside] if image.beside else [])]


def _span(source: Source, image: Apart, users: Mapping[tuple[str, Scalar], list[Found]]) -> ImageSpan:
    parts: list[Part] = [image.added] if image.added else []
    skipped = image.skipped or _skipped(source, image.name)
    for found, holds in image.written:
        part = source.part(found, holds)
        if part is None:
            skipped = skipped or _skipped(source, found) or _NOT_PLAIN
        else:
            parts.append(part)
    touched = {found.scalar: found for found in _touched(image)}
    start = image.name.route[-1].start if image.name.route else image.name.scalar.start
    return ImageSpan(
        value=image.value,
        parts=tuple(sorted(parts, key=lambda part: part.start)),
        place=source.place(start, image.path),
        skipped=skipped,
        refused=image.refused,
        shared=tuple(place for scalar in touched for place in source.shared(users[image.value, scalar])),
    )


def _skipped(source: Source, found: Found) -> str:
    located = locate(source.text, found.scalar)
    return located.skipped if located else ""
