"""From images to pin and a manifest's bytes to its new bytes: pure, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ci_toolkit.errors import ConfigError, IntegrityError, SourceLine
from ci_toolkit.manifests.base import Edit
from ci_toolkit.manifests.edit import apply
from ci_toolkit.manifests.finding import BOM, decoded, find
from ci_toolkit.manifests.named import another_than_named, unknown_name, with_repository
from ci_toolkit.manifests.spelled import Spelled
from ci_toolkit.manifests.wanted import Wanted
from ci_toolkit.manifests.written import Written
from ci_toolkit.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ci_toolkit.manifests.base import ImageSpan, ManifestFormat
    from ci_toolkit.model.field_path import FieldPath
    from ci_toolkit.model.reference import Repository

Style = Literal["tag-and-digest", "digest", "digest-and-comment"]
LARGEST = 8 * 1024 * 1024
"""Bytes of the largest file that is read as a manifest."""
_SHOWN = 40
"""Violations of one file, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An image to pin wherever one of its repositories stands.

    `digest` is text, so that a plan can say `<digest of NAME>`; `tag` None keeps the tag that is there.
    """

    name: str = ""
    """What comments in the files may call it."""
    repositories: frozenset[Repository]
    digest: str
    tag: str | None
    style: Style
    retags: bool = False
    """`tag` is written beside the right digest, too."""
    only: str | None = None
    """Only references with this tag (empty: with none) and without a digest; None: every one."""
    platforms: Mapping[str, str] = field(default_factory=dict)
    """Platforms by the digests that are the image's for one platform alone, and no substitute for `digest`."""
    alone: bool = False
    """`digest` is itself the image for one platform, not an index of several."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place that holds one of the images: what stood there, what stands there now, each as the user spells it."""

    document: int
    line: int
    column: int
    path: str
    old: str
    new: str
    written: Written | None = None
    """None where it is right already."""


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


def pin(
    data: bytes,
    name: str,
    targets: Sequence[Target],
    *,
    paths: Sequence[FieldPath] = (),
    names: Collection[str] | None = None,
) -> Pinned:
    """Pin the targets in one manifest. `name` is the file's, for its format and for messages.

    `paths`: where it names images besides. `names`: all that a comment may call an image; None: any.

    Raises ConfigError, with every violation, for a file that can't be read, an image that shares its characters with a
    place that is none or that can't be pinned where it stands; IntegrityError for an image pinned to one of its
    platforms.
    """
    text = decoded(data, name)
    wanted = Wanted(targets)
    places: list[Place] = []
    seen: list[Seen] = []
    edits: list[tuple[ImageSpan, Edit]] = []
    refused: list[str] = []
    manifest_format, spans = find(text.removeprefix(BOM), name, paths)
    for span in spans:
        found, reason = wanted.target(span)
        at = span.place
        if unknown := unknown_name(span, targets, names):
            refused.append(f"{name}:{at.line}:{at.column}: {at.path}: {unknown}")
            continue
        if found is None:
            seen.append(Seen(line=at.line, column=at.column, value=span.value, reason=reason))
            continue
        refusal = span.refused or ("" if found.tag else span.tagless) or another_than_named(span, found)
        if refusal:
            refused.append(f"{name}:{at.line}:{at.column}: {at.path}: {refusal}")
            continue
        span = with_repository(span, found)
        new, written, tag = _written(span, found)
        if written:
            _refuse_platform(name, span, found)
            edits += [(span, edit) for edit in written]
        places.append(
            Place(
                document=at.document,
                line=at.line,
                column=at.column,
                path=at.path,
                old=span.value,
                new=new,
                written=_deed(span, found, tag) if written else None,
            )
        )
    _refuse(name, refused, edits)
    changed = _edited(text, [edit for _, edit in edits], manifest_format) if edits else data
    return Pinned(old=data, new=changed, places=tuple(places), seen=tuple(seen))


def pinned_value(value: str, target: Target) -> str:
    """The reference as it should read: the user's spelling of the repository, the tag, the digest.

    A tag beside the right digest stays, whatever the image's newest tag is, unless the target `retags`: the same image
    under a new tag is no reason to deploy, and a commit for each would start the next run.
    """
    return str(_styled(_new(Spelled.parse(value), target), target.style))


def _new(old: Spelled, target: Target) -> Spelled:
    return Spelled(old.name, old.tag if _keeps_tag(old, target) else target.tag or "", target.digest)


def _keeps_tag(old: Spelled, target: Target) -> bool:
    return not target.tag or bool(old.tag and old.digest == target.digest and not target.retags)


def _styled(new: Spelled, style: Style) -> Spelled:
    return new if style == "tag-and-digest" else new._replace(tag="")


def _written(span: ImageSpan, target: Target) -> tuple[str, list[Edit], str]:
    """The whole reference as it stands there then, the edits that make it so, if any, and the tag that comes with it.

    A comment that says a tag never stays behind: it is written with the digest, whatever the style.
    """
    comment = next((part for part in span.parts if part.holds == "comment"), None)
    said = comment.value if comment else ""
    old = Spelled.parse(span.value)
    old = old._replace(tag=old.tag or said)
    new = _new(old, target)
    style = "tag-and-digest" if target.style == "digest-and-comment" and comment is None else target.style
    whole = str(_styled(new, style))
    values = {
        "reference": whole,
        "tag": new.tag,
        "digest": new.digest,
        "tag-and-digest": f"{new.tag}@{new.digest}",
        "comment": new.tag if said or style == "digest-and-comment" else "",
    }
    edits = [Edit(part, values[part.holds]) for part in span.parts]
    if all(part.holds in ("tag", "digest", "tag-and-digest") for part in span.parts):
        has_tag = any(part.holds != "digest" for part in span.parts)
        whole = str(new if has_tag else new._replace(tag=old.tag))
    edits = [edit for edit in edits if edit.new and edit.new != edit.part.value]
    says_tag = Spelled.parse(whole).tag and any(part.holds != "digest" for part in span.parts)
    shown = new.tag if says_tag or values["comment"] else ""
    if all(edit.part.holds == "comment" for edit in edits):
        return whole, [], ""
    return whole, edits, "" if _keeps_tag(old, target) else shown


def _deed(span: ImageSpan, target: Target, tag: str) -> Written:
    return Written(
        repository=Reference.parse(span.value).repository,
        before=span.value.partition("@")[2],
        digest=target.digest,
        alone=target.alone,
        tag=tag,
    )


def _refuse_platform(name: str, span: ImageSpan, target: Target) -> None:
    """An image for all platforms in the place of one for a single platform is another deployment, not a newer one."""
    digest = span.value.partition("@")[2]
    if digest != target.digest and digest in target.platforms:
        message = (
            f"{name}:{span.place.line}:{span.place.column}: {span.value} is the image for {target.platforms[digest]} "
            f"alone, and {target.digest} the one for all platforms"
        )
        hint = "one is never swapped for the other: write the digest you want by hand"
        raise IntegrityError(message, hint=hint, place=SourceLine(name, span.place.line))


def _refuse(name: str, refused: Sequence[str], edits: Sequence[tuple[ImageSpan, Edit]]) -> None:
    if refused:
        message = "an image can't be pinned where it stands"
        raise ConfigError(message, hint="mend the manifest", violations=refused[:_SHOWN])
    violations = [
        f"{name}:{span.place.line}:{span.place.column}: {span.place.path} shares "
        f"{edit.part.adds or edit.part.value!r}, by an anchor, with "
        f"{name}:{other.line}:{other.column}: {other.path or '.'}, which is no image"
        for span, edit in edits
        for other in (*span.shared, *edit.part.shared)[:_SHOWN]
    ][:_SHOWN]
    if violations:
        message = "a new digest would change more than images"
        raise ConfigError(message, hint="write the image out in one of the two places", violations=violations)


def _edited(text: str, edits: Sequence[Edit], manifest_format: ManifestFormat) -> bytes:
    bare = text.removeprefix(BOM)
    changed = apply(bare, edits)
    manifest_format.verify(bare, changed, edits)
    return (text[: len(text) - len(bare)] + changed).encode()
