"""The state: what each step established, handed to the next step, job or machine as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.findings import Counts

VERSION = 1
Verdict = Literal["pass", "fail", "none"]
"""`none`: there was no gate, or it was passed over on the record (`gate`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The run: which revision under which config. A state of another run is refused."""

    revision: str | None
    images_hash: str
    dirty: bool = False
    repository: str | None = None
    ref: str | None = None
    run_id: str | None = None
    run_url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """Who scanned, with which knowledge, under which policy."""

    scanner: str
    version: str
    database_updated: str | None
    database_repository: str | None
    policy_hash: str
    scanned_at: str
    digest: Digest
    """What was scanned: the image's digest at that time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """One repository's share of a push."""

    repository: str
    digest: Digest
    tags: tuple[str, ...]
    uploaded: int = 0
    mounted: int = 0
    present: int = 0
    bytes: int = 0
    tags_moved: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageState:
    """What is known of one image. None and empty: not established yet."""

    digest: Digest | None = None
    platforms: Mapping[str, Digest] = field(default_factory=dict)
    platform_verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    attestations: tuple[Digest, ...] = ()
    layout: str | None = None
    """Path of the OCI layout, relative to the config's directory where it lies below it."""
    builder: str | None = None
    version: str | None = None
    tags: tuple[str, ...] = ()
    skipped_tags: Mapping[str, str] = field(default_factory=dict)
    """Tag rules that gave none, with the reason."""
    references: tuple[str, ...] = ()
    """`REPOSITORY:TAG` of everything pushed and verified."""
    pushed: tuple[Pushed, ...] = ()
    verdict: Verdict | None = None
    gate: Literal["on", "off", "overridden"] | None = None
    findings: Counts | None = None
    ignored: int = 0
    blocking: tuple[str, ...] = ()
    """The findings that decided a `fail`, `ID PACKAGE VERSION (severity)`."""
    scan: Scan | None = None
    reports: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PinEdit:
    """One place of one manifest that now holds the digest."""

    file: str
    document: int
    line: int
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A whole state. Immutable: steps return a new one."""

    tool_version: str
    source: Source
    images: Mapping[str, ImageState] = field(default_factory=dict)
    pins: tuple[PinEdit, ...] = ()

    def image(self, name: str) -> ImageState:
        """What is known of an image: empty if nothing is."""
        return self.images.get(name, ImageState())

    def with_image(self, name: str, **changes: Any) -> State:
        """The state with these fields of one image replaced."""
        image = replace(self.image(name), **changes)
        return replace(self, images={**self.images, name: image})
