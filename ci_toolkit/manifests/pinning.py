"""From images to pin and a manifest's bytes to its new bytes: pure, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ci_toolkit.errors import ConfigError, IntegrityError, SourceLine, UsageError
from ci_toolkit.manifests.base import Edit, UnreadableError
from ci_toolkit.manifests.edit import apply
from ci_toolkit.manifests.formats import format_of
from ci_toolkit.model.reference import DOCKER_HUB, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.manifests.base import ImageSpan, ManifestFormat
    from ci_toolkit.model.reference import Repository

Style = Literal["tag-and-digest", "digest"]
LARGEST = 8 * 1024 * 1024
"""Bytes of the largest file that is read as a manifest."""
_SHOWN = 40
"""Violations of one file, at most."""
_BOM = "\ufeff"
_MEND = "mend the file, or take it out of `pin.files`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An image to pin wherever one of its repositories stands.

    `digest` is text, so that a plan can say `<digest of NAME>`; `tag` None keeps the tag that is there.
    """

    repositories: frozenset[Repository]
    digest: str
    tag: str | None
    style: Style
    platforms: Mapping[str, str] = field(default_factory=dict)
    """Platforms by the digests that are the image's for one platform alone, and no substitute for `digest`."""


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
    """False only if none of the repositories can be in there: a look at bytes that saves the parsing.

    A backslash may spell any character (`\\/`, as PHP writes JSON), so a file with one may hold anything.
    """
    return b"\\" in data or any(_needle(r) in data for t in targets for r in t.repositories)


def pin(data: bytes, name: str, targets: Sequence[Target]) -> Pinned:
    """Pin the targets in one manifest. `name` is the file's, for its format and for messages.

    Raises ConfigError, with every violation, for a file that can't be read or an image that shares its characters
    with a place that is none; IntegrityError for an image pinned to one of its platforms.
    """
    text = _decoded(data, name)
    by_repository = {repository: target for target in targets for repository in target.repositories}
    places: list[Place] = []
    seen: list[Seen] = []
    edits: list[Edit] = []
    manifest_format, spans = _read(text.removeprefix(_BOM), name)
    for span in spans:
        found, reason = _target(span, by_repository)
        at = span.place
        if found is None:
            seen.append(Seen(line=at.line, column=at.column, value=span.value, reason=reason))
            continue
        new = pinned_value(span.value, found)
        if new != span.value:
            _refuse_platform(name, span, found)
            edits.append(Edit(span, new))
        places.append(
            Place(document=at.document, line=at.line, column=at.column, path=at.path, old=span.value, new=new)
        )
    _refuse_shared(name, edits)
    changed = _edited(text, edits, manifest_format) if edits else data
    return Pinned(old=data, new=changed, places=tuple(places), seen=tuple(seen))


def pinned_value(value: str, target: Target) -> str:
    """The reference as it should read: the user's spelling of the repository, the tag, the digest.

    A tag beside the right digest stays, whatever the image's newest tag is: the same image under a new tag is no
    reason to deploy, and a commit for each would start the next run.
    """
    rest, _, digest = value.partition("@")
    colon = rest.find(":", rest.rfind("/") + 1)
    name, tag = (rest, "") if colon < 0 else (rest[:colon], rest[colon + 1 :])
    if target.tag and not (tag and digest == target.digest):
        tag = target.tag
    middle = f":{tag}" if tag and target.style == "tag-and-digest" else ""
    return f"{name}{middle}@{target.digest}"


def _needle(repository: Repository) -> bytes:
    """What every spelling of a repository holds: Docker Hub's official images may stand there by their last name."""
    path = repository.path
    return (path.removeprefix("library/") if repository.registry == DOCKER_HUB else path).encode()


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(name, UnreadableError(line, 1, f"not UTF-8 at byte {error.start}")) from None


def _read(text: str, name: str) -> tuple[ManifestFormat, list[ImageSpan]]:
    try:
        manifest_format = format_of(name, text)
        return manifest_format, list(manifest_format.find(text))
    except UnreadableError as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: UnreadableError) -> ConfigError:
    violation = f"{name}:{error.line}:{error.column}: {error.reason}"
    return ConfigError("a manifest can't be read", hint=_MEND, violations=[violation])


def _target(span: ImageSpan, by_repository: Mapping[Repository, Target]) -> tuple[Target | None, str]:
    """The target that a span names; else why it names none."""
    if span.skipped:
        return None, span.skipped
    try:
        repository = Reference.parse(span.value).repository
    except UsageError as error:
        return None, error.message
    return by_repository.get(repository), "another image"


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


def _refuse_shared(name: str, edits: Sequence[Edit]) -> None:
    violations = [
        f"{name}:{edit.span.place.line}:{edit.span.place.column}: {edit.span.place.path} shares {edit.span.value!r}, "
        f"by an anchor, with {name}:{other.line}:{other.column}: {other.path or '.'}, which is no image"
        for edit in edits
        for other in edit.span.shared[:_SHOWN]
    ][:_SHOWN]
    if violations:
        message = "a new digest would change more than images"
        raise ConfigError(message, hint="write the image out in one of the two places", violations=violations)


def _edited(text: str, edits: Sequence[Edit], manifest_format: ManifestFormat) -> bytes:
    bare = text.removeprefix(_BOM)
    changed = apply(bare, edits)
    manifest_format.verify(bare, changed, edits)
    return (text[: len(text) - len(bare)] + changed).encode()
