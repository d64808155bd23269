"""Kustomize's list of images, wherever it stands: what a build puts in the place of an image that it finds.

Source: kustomize 5.8, `types.Image` and the image transformer. It writes `newName:newTag@digest` of what there is, and
leaves out the found image's tag and `tagSuffix` where an entry says a digest.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from ci_toolkit.manifests.apart import Apart, joined, spans_apart
from ci_toolkit.manifests.helm_values import values_images
from ci_toolkit.manifests.spans import in_order
from ci_toolkit.manifests.tree import Mapping, Scalar
from ci_toolkit.manifests.walk import IMAGE, Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.manifests.base import Holds, ImageSpan, Part
    from ci_toolkit.manifests.spans import Source
    from ci_toolkit.manifests.walk import Shape, Step, Walk

_VALUES: Shape = {"helmCharts": [{"valuesInline": IMAGE}]}
_KEYS = ("name", "newName", "newTag", "digest")
_MORE_THAN_A_NAME = re.compile(r"[^@]*(?:@.*|:[^/@]*)", re.DOTALL)
_NO_NAME = "it has no `name`, so kustomize puts it nowhere"
_NAME_WITH_TAG = "its name holds a tag or a digest as well: write only the name there"
_NO_PLACE = 'there is no good place for its digest: write `digest: ""` into it'


def kustomization_images(source: Source, start: Step) -> list[ImageSpan]:
    """The images that a Kustomization or Component replaces, and those in its charts' values.

    Raises UnreadableError for too many aliases.
    """
    values = [span for each in source.walk.reach(start, _VALUES) for span in values_images(source, each)]
    return in_order([*values, *replaced_images(source, start, {"images": IMAGE})])


def replaced_images(source: Source, start: Step, lists: Shape) -> list[ImageSpan]:
    """One span for each entry of the lists of images that the shape leads to."""
    walk = source.walk
    return spans_apart(source, [i for each in walk.reach(start, lists) for i in _of_list(source, walk.items(each))])


def _of_list(source: Source, items: Sequence[Step]) -> Iterator[Apart]:
    walk = source.walk
    entries = [entry for item in items if (entry := walk.follow(item)) is not None and isinstance(entry.node, Mapping)]
    named: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        named[_text(_scalars(walk, entry), "name")].append(entry.path)
    for entry in entries:
        scalars = _scalars(walk, entry)
        if _text(scalars, "name") or _text(scalars, "newName"):
            yield _entry(source, entry, scalars, named[_text(scalars, "name")])


def _scalars(walk: Walk, entry: Step) -> dict[str, Found]:
    """What an entry says; of a key that it says twice the last, as kustomize takes it."""
    followed = [(key, walk.follow(value)) for key, value in walk.values(entry, _KEYS)]
    return {
        key: Found(step.node, step.route, step.path)
        for key, step in followed
        if step is not None and isinstance(step.node, Scalar)
    }


def _text(scalars: dict[str, Found], key: str) -> str:
    """What a key says; `null` says nothing."""
    if key not in scalars:
        return ""
    scalar = scalars[key].scalar
    return "" if not scalar.style and scalar.value.lower() in ("null", "~") else scalar.value.strip()


def _entry(source: Source, entry: Step, scalars: dict[str, Found], same_name: Sequence[str]) -> Apart:
    name, new_name, tag, digest = (_text(scalars, key) for key in _KEYS)
    image = Apart(joined(new_name or name, tag, digest), scalars["newName" if new_name else "name"], entry.path)
    if not name:
        return image._replace(skipped=_NO_NAME)
    if _MORE_THAN_A_NAME.fullmatch(new_name or name):
        return image._replace(skipped=_NAME_WITH_TAG)
    if len(same_name) > 1:
        return image._replace(refused=f"{name} has several entries: {' and '.join(same_name)}")
    with_digest: Holds = "tag-and-digest" if "@" in tag else "tag"
    written: list[tuple[Found, Holds]] = [(scalars["newTag"], with_digest)] if tag else []
    if with_digest == "tag-and-digest":
        return image._replace(written=tuple(written))
    if "digest" in scalars:
        return image._replace(written=(*written, (scalars["digest"], "digest")))
    beside, added = _addition(source, entry)
    refused = "" if added else _NO_PLACE
    return image._replace(written=tuple(written), added=added, beside=beside, refused=refused)


def _addition(source: Source, entry: Step) -> tuple[Found | None, Part | None]:
    """Where the digest can be put: beside the tag, else beside the name, if the entry says that itself."""
    if not isinstance(entry.node, Mapping):
        return None, None
    own = {key.value: value for key, value in entry.node.entries if isinstance(key, Scalar)}
    for key in ("newTag", "newName", "name"):
        beside = own.get(key)
        if isinstance(beside, Scalar) and beside.value:
            added = source.addition(entry.node, beside, "digest", "digest")
            return Found(beside, entry.route, entry.path), added
    return None, None
