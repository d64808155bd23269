"""Images at places that a config names by their paths, whatever kind of file it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.manifests.helm_values import values_images
from ci_toolkit.manifests.joining import together
from ci_toolkit.manifests.spans import Lines, Source, in_order
from ci_toolkit.manifests.tree import Mapping, Scalar, Sequence, read_documents
from ci_toolkit.manifests.walk import EACH, IMAGE, Found, Step, Walk
from ci_toolkit.model.field_path import Every

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.walk import Shape
    from ci_toolkit.model.field_path import FieldPath

_SHOWN = 12
"""Keys that are told, at most."""


def images_at(text: str, paths: Iterable[FieldPath]) -> list[ImageSpan]:
    """Every image at the end of these paths, in the text's order: a whole reference, or a mapping like Helm's values.

    Raises UnreadableError.
    """
    shapes = [_shape(path) for path in paths]
    walk, lines = Walk(), Lines(text)
    spans: list[ImageSpan] = []
    for document in read_documents(text):
        if document.root is not None:
            source = Source(text, lines, walk, document)
            ends = {step[:2]: step for shape in shapes for step in walk.reach(Step(document.root), shape)}
            spans += _images(source, list(ends.values()))
    return in_order(spans)


def _images(source: Source, ends: Iterable[Step]) -> list[ImageSpan]:
    whole: list[Found] = []
    found: list[ImageSpan] = []
    for node, route, path in ends:
        if isinstance(node, Scalar):
            whole.append(Found(node, route, path))
        elif isinstance(node, Mapping):
            found = together(found, values_images(source, Step(node, route, path)))
    return together(source.references(whole), found)


def dead_end(text: str, path: FieldPath) -> str:
    """Nothing if the path leads to a value in this text; else how far it leads, and what is there.

    Raises UnreadableError.
    """
    walk = Walk()
    furthest, there = -1, "nothing"
    for document in read_documents(text):
        if document.root is None:
            continue
        for length in range(len(path), -1, -1):
            step = next(walk.reach(Step(document.root), _shape(path[:length])), None)
            if step is None:
                continue
            if length == len(path):
                return ""
            if length > furthest:
                furthest, there = length, f"at {step.path or 'the top'} {_content(walk, step)}"
            break
    return f"there is {there}" if furthest < 0 else there


def _shape(path: FieldPath) -> Shape:
    shape: Shape = IMAGE
    for part in reversed(path):
        shape = [shape] if part is Every.ITEM else {EACH if part is Every.KEY else part: shape}
    return shape


def _content(walk: Walk, step: Step) -> str:
    if isinstance(step.node, Sequence):
        return f"there is a list of {len(step.node.items)}"
    if not isinstance(step.node, Mapping):
        return "there is a single value"
    keys = list(dict.fromkeys(key for key, _ in walk.values(step)))
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"the keys are {', '.join(keys[:_SHOWN])}{more}" if keys else "there is no key"
