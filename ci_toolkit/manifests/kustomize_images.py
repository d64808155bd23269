"""Kustomize's list of images, wherever it stands: what a build puts in the place of an image that it finds.

Source: kustomize 5.8, `types.Image` and the image transformer. It writes `newName:newTag@digest` of what there is, and
leaves out the found image's tag and `tagSuffix` where an entry says a digest.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ci_toolkit.manifests.apart import NOT_ONLY_A_NAME, Apart, joined, only_name, scalars, spans_apart, text_of
from ci_toolkit.manifests.helm_values import values_images
from ci_toolkit.manifests.spans import in_order
from ci_toolkit.manifests.tree import Mapping, Scalar
from ci_toolkit.manifests.walk import IMAGE, Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.manifests.base import Holds, ImageSpan, Part
    from ci_toolkit.manifests.spans import Source
    from ci_toolkit.manifests.walk import Shape, Step

_VALUES: Shape = {"helmCharts": [{"valuesInline": IMAGE}]}
_KEYS = ("name", "newName", "newTag", "digest")
_SHOWN = 4
"""Entries of one name, at most."""
_NO_NAME = "it has no `name`, so kustomize puts it nowhere"
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
    entries = [(entry, scalars(walk, walk.values(entry, _KEYS))) for item in items if (entry := walk.follow(item))]
    named: dict[str, list[str]] = defaultdict(list)
    for entry, found in entries:
        named[text_of(found, "name")].append(entry.path)
    for entry, found in entries:
        if text_of(found, "name") or text_of(found, "newName"):
            yield _entry(source, entry, found, named[text_of(found, "name")])


def _entry(source: Source, entry: Step, found: dict[str, Found], same_name: Sequence[str]) -> Apart:
    name, new_name, tag, digest = (text_of(found, key) for key in _KEYS)
    result = new_name or name
    image = Apart(joined(only_name(result), tag, digest), found["newName" if new_name else "name"])
    if not name:
        return image._replace(skipped=_NO_NAME)
    if only_name(result) != result:
        return image._replace(refused=NOT_ONLY_A_NAME)
    if len(same_name) > 1:
        several = " and ".join(same_name[:_SHOWN])
        return image._replace(refused=f"{name} has {len(same_name)} entries: {several}")
    if "@" in tag:
        return image._replace(written=((found["newTag"], "tag-and-digest"),))
    written: tuple[tuple[Found, Holds], ...] = ((found["newTag"], "tag"),) if tag else ()
    if "digest" in found:
        return image._replace(written=(*written, (found["digest"], "digest")))
    added = _addition(source, entry)
    return image._replace(written=written, added=added, into=entry, refused="" if added else _NO_PLACE)


def _addition(source: Source, entry: Step) -> Part | None:
    """Where the digest can be put: beside the tag, else beside the name, if the entry says that itself."""
    if not isinstance(entry.node, Mapping):
        return None
    own = {key.value: value for key, value in entry.node.entries if isinstance(key, Scalar)}
    for key in ("newTag", "newName", "name"):
        beside = own.get(key)
        if isinstance(beside, Scalar) and beside.value:
            return source.addition(entry.node, beside, "digest", "digest")
    return None
