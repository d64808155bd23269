"""Comments that say which value is an image, whatever its key is called: our own, and Flux's.

`# ci-toolkit: image=NAME` behind a value, NAME being an image of the config or a repository; with `:tag` or `:digest`
behind it the value is only that. Flux's is `# {"$imagepolicy": "NAMESPACE:POLICY"}`, with `:name`, `:tag`, `:digest`.

Source: Flux, "Configure image updates for custom resources" and kyaml's `fieldmeta` (the comment is JSON as a whole).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ci_toolkit.manifests.base import ImageSpan
from ci_toolkit.manifests.marked import Leaf, Leaves, uses
from ci_toolkit.manifests.scheme import behind_scheme
from ci_toolkit.manifests.spans import in_order
from ci_toolkit.manifests.tree import Mapping, Scalar
from ci_toolkit.manifests.walk import Found, Step
from ci_toolkit.model.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.manifests.base import Holds

_OURS = re.compile(r"#[ \t]*ci-toolkit:[ \t]*(?P<words>[^#\r\n]*)")
_IMAGE = re.compile(r"(?P<image>[\w.-]+(?::\d+(?=/))?(?:/[\w.-]+)*)(?::(?P<part>tag|digest))?")
_FLUX = re.compile(
    r'#[ \t]*\{[ \t]*"\$imagepolicy"[ \t]*:[ \t]*'
    r'"(?P<policy>[\w.-]+:[\w.-]+)(?::(?P<part>name|tag|digest))?"[ \t]*\}[ \t]*(?=#|\r?\n|\Z)'
)
_NAMES = ("repository", "image", "name", "newName")
"""Keys of a value that is a tag's repository, if nothing else says it."""
_EMPTY = "a comment marks it as {}, but it is empty: write the image's repository"
_NAMELESS = "a comment marks it as a tag, and nothing says of which repository: mark that as well, with `:name`"
_ESCAPED = "it isn't written plainly"
_WANTED = "write `# ci-toolkit: image=NAME`, with `:tag` or `:digest` behind the name of a part"


class _Marked(NamedTuple):
    """A value, and what a comment says it is."""

    leaf: Leaf
    image: str
    """The image's name or repository, or Flux's policy."""
    part: str
    """`tag`, `digest`, `name`; nothing for a whole reference."""
    ours: bool


def has_markers(text: str) -> bool:
    """A look that saves the reading."""
    return "ci-toolkit:" in text or '"$imagepolicy"' in text


def marked_images(text: str) -> list[ImageSpan]:
    """Every image that a comment marks, in the text's order.

    Raises UnreadableError for a marker of ours that says nothing or stands behind no value.
    """
    whole: list[_Marked] = []
    parts: dict[tuple[bool, str, int, int], list[_Marked]] = {}
    for each in _marked(text):
        leaf = each.leaf
        if each.part:
            key = (each.ours, each.image, leaf.source.document.index, id(leaf.node.parent))
            parts.setdefault(key, []).append(each)
        else:
            whole.append(each)
    spans = [span for each in whole for span in _references(text, each)]
    names = [each for group in parts.values() for each in group if each.part == "name"]
    images = [image for group in parts.values() for image in _images(group)]
    spans += [_in_parts(image, names) for image in images if any(each.part != "name" for each in image)]
    return in_order(spans)


def _marked(text: str) -> Iterator[_Marked]:
    leaves = Leaves(text)
    ours = {}
    for found in _OURS.finditer(text):
        if leaves.is_text(found.start()):
            continue
        leaf = leaves.before(found.start())
        image, part = _said(found["words"].strip(), leaves, found.start())
        if leaf is None:
            raise leaves.fault(found.start(), f"this comment stands behind no value: {_WANTED}")
        ours[leaf.node] = _Marked(leaf, image, part, ours=True)
    yield from ours.values()
    for found in _FLUX.finditer(text):
        leaf = None if leaves.is_text(found.start()) else leaves.before(found.start())
        if leaf is not None and leaf.node not in ours:
            yield _Marked(leaf, found["policy"], found["part"] or "", ours=False)


def _said(words: str, leaves: Leaves, at: int) -> tuple[str, str]:
    """The image and the part that a marker of ours names."""
    key, equals, value = words.partition("=")
    if key.strip() != "image":
        meant = "did you mean `image=`?" if equals and nearest(key.strip(), ["image"]) else _WANTED
        raise leaves.fault(at, f"{key.strip()[:40]!r} says nothing to ci-toolkit: {meant}")
    image = _IMAGE.fullmatch(value.strip()) if equals else None
    if image is None:
        raise leaves.fault(at, f"{value.strip()[:80]!r} is no image's name and no repository: {_WANTED}")
    return image["image"], image["part"] or ""


def _references(text: str, each: _Marked) -> Iterator[ImageSpan]:
    """The spans of a whole reference: where it stands, and where collections that are shared bring it."""
    source, scalar = each.leaf.source, each.leaf.scalar
    marked = each.image if each.ours else ""
    spans = source.references(_found(each))
    if not spans and marked:
        place = source.place(scalar.start, each.leaf.path)
        yield ImageSpan(value="", parts=(), place=place, marked=marked, refused=_EMPTY.format(marked))
    for span in spans:
        yield replace(behind_scheme(text, span) or span, marked=marked)


def _found(each: _Marked) -> list[Found]:
    leaf = each.leaf
    shared = [Found(leaf.scalar, route, leaf.path) for route in uses(leaf.source, leaf.scalar)]
    return [Found(leaf.scalar, leaf.route, leaf.path), *shared]


def _images(group: list[_Marked]) -> list[list[_Marked]]:
    """The values of one mapping that are marked as parts of one image; each by itself, where a part comes twice."""
    return [group] if len({each.part for each in group}) == len(group) else [[each] for each in group]


def _in_parts(group: Sequence[_Marked], names: Sequence[_Marked]) -> ImageSpan:
    """One image, from the values of one mapping that are marked as its parts."""
    by_part = {each.part: each for each in group}
    first = next(each for each in group if each.part != "name")
    source = first.leaf.source
    tag, digest = by_part.get("tag"), by_part.get("digest") or _beside(first, ("digest",))
    name = first.image if first.ours else _name(first, by_part.get("name"), names)
    written: list[tuple[_Marked, Holds]] = []
    if tag:
        written.append((tag, "tag" if digest else "tag-and-digest"))
    if digest:
        written.append((digest, "digest"))
    found = [(Found(each.leaf.scalar, each.leaf.route, each.leaf.path), holds) for each, holds in written]
    parts = [part for each, holds in found if (part := source.part(each, holds))]
    said = tag.leaf.text if tag else ""
    pinned = digest.leaf.text if digest else ""
    said = said.partition("@")[0] if pinned else said
    reasons = "" if len(parts) == len(found) else _ESCAPED
    return ImageSpan(
        value=f"{name}{':' if said else ''}{said}{'@' if pinned else ''}{pinned}",
        parts=tuple(sorted(parts, key=lambda part: part.start)),
        place=source.place(first.leaf.scalar.start, first.leaf.path),
        skipped=reasons if name else _NAMELESS,
        tagless="" if digest or said else "it is empty, and has to hold the digest: write the tag",
        marked=first.image if first.ours else "",
        shared=source.shared([user for each, _ in written for user in _found(each)]),
    )


def _name(first: _Marked, marked: _Marked | None, names: Sequence[_Marked]) -> str:
    """The repository of a policy's tag: marked beside it, standing beside it, or marked once in the document."""
    found = marked or _beside(first, _NAMES)
    if found is None:
        document = first.leaf.source.document
        others = [each for each in names if each.image == first.image and each.leaf.source.document is document]
        found = others[0] if len({each.leaf.text for each in others}) == 1 else None
    return found.leaf.text if found else ""


def _beside(first: _Marked, keys: Sequence[str]) -> _Marked | None:
    """The first of these keys beside a value that has one."""
    leaf = first.leaf
    mapping = leaf.node.parent
    if not isinstance(mapping, Mapping):
        return None
    values = dict(leaf.source.walk.values(Step(mapping), keys))
    for key in keys:
        step = leaf.source.walk.follow(values[key]) if key in values else None
        if step is not None and isinstance(step.node, Scalar):
            other = leaf._replace(node=step.node, scalar=step.node, route=step.route, path=_sibling(leaf.path, key))
            return first._replace(leaf=other, part=key)
    return None


def _sibling(path: str, key: str) -> str:
    above = path.rpartition(".")[0]
    return f"{above}.{key}" if above else key
