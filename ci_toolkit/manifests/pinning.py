"""From images to pin and a manifest's bytes to its new bytes: pure, whatever the format."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ci_toolkit.errors import ConfigError, UsageError
from ci_toolkit.manifests.document import Alias, Mapping, Scalar, decode, documents, encode
from ci_toolkit.manifests.document import Sequence as SequenceNode
from ci_toolkit.manifests.edit import Edit, apply, check_only_targets_changed, inner_span
from ci_toolkit.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_toolkit.manifests.base import ImagePlace, ManifestFormat
    from ci_toolkit.manifests.document import Document, Node
    from ci_toolkit.model.reference import Repository

Style = Literal["tag-and-digest", "digest"]
_DEFAULT = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*:?-(?P<value>[^${}]+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An image to pin wherever one of its repositories stands.

    `digest` is text, so that a plan can say `<digest of NAME>`; `tag` None keeps the tag that is there.
    """

    repositories: frozenset[Repository]
    digest: str
    tag: str | None
    style: Style


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place that holds one of the images: what stood there, what stands there now, each as the user spells it."""

    document: int
    line: int
    column: int
    path: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An image that was found and left alone, and why."""

    line: int
    column: int
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """One manifest: its bytes before and after, the places that hold the images, the images left alone."""

    old: bytes
    new: bytes
    places: tuple[Place, ...]
    seen: tuple[Seen, ...]


def may_hold(data: bytes, targets: Sequence[Target]) -> bool:
    """False only if none of the repositories can be in there: a look at bytes that saves the parsing."""
    return any(r.path.rpartition("/")[2].encode() in data for t in targets for r in t.repositories)


def pin(data: bytes, name: str, targets: Sequence[Target], manifest_format: ManifestFormat) -> Pinned:
    """Pin the targets in one manifest. `name` is the file's, for messages.

    Raises ConfigError if the file doesn't parse, or a value to change is shared, by an alias, with a place that is
    no image.
    """
    text, bom = decode(data, name)
    parsed = documents(text, name)
    places: list[Place] = []
    seen: list[Seen] = []
    edits: dict[int, tuple[Scalar, Edit, str]] = {}
    selected: list[ImagePlace] = []
    for place in manifest_format.find(parsed):
        found = _wanted(place, text, targets)
        if isinstance(found, Seen):
            seen.append(found)
            continue
        old, new, span = found
        places.append(
            Place(document=place.document, line=place.line, column=place.column, path=place.path, old=old, new=new)
        )
        selected.append(place)
        if old != new:
            whole = place.scalar.value.strip()
            value = text[span[0] : span[1]].replace(old, new) if whole != old else new
            edits[place.scalar.event] = (place.scalar, Edit(*span, value), value)
    _refuse_shared(name, parsed, selected, {id(scalar) for scalar, _, _ in edits.values()})
    changed = apply(text, [edit for _, edit, _ in edits.values()])
    if changed != text:
        check_only_targets_changed(text, changed, {event: value for event, (_, _, value) in edits.items()}, name)
    return Pinned(old=data, new=encode(changed, bom=bom), places=tuple(places), seen=tuple(seen))


def pinned_value(value: str, target: Target) -> str:
    """The reference as it should read: the user's spelling of the repository, the tag, the digest."""
    name, tag = _name_and_tag(value)
    kept = target.tag or tag
    middle = f":{kept}" if kept and target.style == "tag-and-digest" else ""
    return f"{name}{middle}@{target.digest}"


def _wanted(place: ImagePlace, text: str, targets: Sequence[Target]) -> tuple[str, str, tuple[int, int]] | Seen:
    value = place.scalar.value.strip()

    def left_alone(reason: str) -> Seen:
        return Seen(line=place.line, column=place.column, value=value[:200], reason=reason)

    default = _DEFAULT.fullmatch(value)
    reference = default["value"] if default else value
    if reason := _unreadable(reference):
        return left_alone(reason)
    try:
        repository = Reference.parse(reference).repository
    except UsageError as error:
        return left_alone(error.message)
    for target in targets:
        if repository in target.repositories:
            span = inner_span(text, place.scalar)
            if span is None:
                return left_alone("written with escapes or over several lines")
            return reference, pinned_value(reference, target), span
    return left_alone("another image")


def _unreadable(value: str) -> str | None:
    if "{{" in value:
        return "a template"
    if value.startswith("ko://"):
        return "ko builds it"
    if "$" in value:
        return "a variable"
    return None


def _name_and_tag(value: str) -> tuple[str, str | None]:
    rest = value.partition("@")[0]
    colon = rest.find(":", rest.rfind("/") + 1)
    return (rest, None) if colon < 0 else (rest[:colon], rest[colon + 1 :])


def _refuse_shared(name: str, parsed: Iterable[Document], selected: Sequence[ImagePlace], changed: set[int]) -> None:
    """A scalar that changes must not be used, by an alias, where no image of the run was looked for."""
    if not changed:
        return
    known = {(place.line, place.column) for place in selected}
    uses: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for document in parsed:
        for alias, scalar in _aliases(document.root):
            uses[id(scalar)].append((alias.line, alias.column))
    for place in selected:
        scalar = place.scalar
        others = uses.get(id(scalar), [])
        if id(scalar) not in changed or not others:
            continue
        for line, column in ((scalar.line, scalar.column), *others):
            if (line, column) not in known:
                message = (
                    f"{name}:{place.line}:{place.column}: this image shares its value, by an anchor, with "
                    f"{name}:{line}:{column}, which is no image to pin"
                )
                raise ConfigError(message, hint="write the image out in one of the two places")


def _aliases(root: Node | None) -> Iterator[tuple[Alias, Scalar]]:
    nodes: list[Node | None] = [root]
    while nodes:
        node = nodes.pop()
        if isinstance(node, Alias) and isinstance(node.target, Scalar):
            yield node, node.target
        elif isinstance(node, SequenceNode):
            nodes += node.items
        elif isinstance(node, Mapping):
            nodes += [part for pair in node.pairs for part in pair]
