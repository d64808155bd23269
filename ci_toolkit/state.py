"""The state: what each step established, handed to the next step, job or machine as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ci_toolkit.documents import read_document
from ci_toolkit.errors import IntegrityError
from ci_toolkit.files import write_atomically
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Counts
from ci_toolkit.model.promotion import Promotion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSION = 1
Verdict = Literal["pass", "fail", "none"]
"""`none`: there was no gate, or it was passed over on the record (`gate`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The run: which revision under which config. A state of another run is refused."""

    images_hash: str
    revision: str | None = None
    dirty: bool = False
    repository: str | None = None
    ref: str | None = None
    run_id: str | None = None
    run_url: str | None = None

    def is_same_run(self, other: Source) -> bool:
        """True for the same revision built under the same `images` section."""
        return (self.revision, self.images_hash) == (other.revision, other.images_hash)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanBaseline:
    """What a verdict was held against; the findings are the report `baseline`."""

    name: str
    """Where the digest is from, for people."""
    digest: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """Who scanned, with which knowledge, under which policy."""

    scanner: str
    version: str
    policy_hash: str
    scanned_at: str
    digest: Digest
    """What was scanned: the image's digest at that time."""
    policy_from: str | None = None
    """`base` and the revision, where the policy isn't that of the config that is checked out."""
    database_updated: str | None = None
    database_repository: str | None = None
    baseline: ScanBaseline | None = None
    """None where everything counted."""


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
class CodeScanning:
    """What came of uploading an image's SARIF. `reason`: why it isn't `complete`."""

    status: Literal["complete", "pending", "skipped", "failed"]
    categories: tuple[str, ...] = ()
    """What the code host keeps the results apart by: one an image and platform."""
    reason: str | None = None
    id: str | None = None
    """The code host's, of the upload."""
    url: str | None = None
    """Where people find the alerts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageState:
    """What is known of one image. None and empty: not established yet."""

    digest: Digest | None = None
    platforms: Mapping[str, Digest] = field(default_factory=dict)
    platform_verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    attestations: tuple[Digest, ...] = ()
    layout: str | None = None
    """Path of the OCI layout, as `files.name_in_state` has it."""
    quarantine: str | None = None
    """Repository in which the image waits for the gate, in the layout's place."""
    builder: str | None = None
    version: str | None = None
    tags: tuple[str, ...] = ()
    skipped_tags: Mapping[str, str] = field(default_factory=dict)
    """Tag rules that gave none, with the reason."""
    moving_tags: tuple[str, ...] = ()
    """Tags that a later run may give to another image: written last."""
    immutable_tags: tuple[str, ...] = ()
    """Tags that stay where they are once they are written."""
    references: tuple[str, ...] = ()
    """`REPOSITORY:TAG` of everything pushed and verified."""
    pushed: tuple[Pushed, ...] = ()
    failed_pushes: Mapping[str, str] = field(default_factory=dict)
    """What went wrong in each repository that the last push didn't reach."""
    verdict: Verdict | None = None
    gate: Literal["on", "off", "overridden"] | None = None
    findings: Counts | None = None
    ignored: int = 0
    blocking: tuple[str, ...] = ()
    """The findings that decided a `fail`, `ID PACKAGE VERSION (severity)`."""
    scan: Scan | None = None
    reports: Mapping[str, str] = field(default_factory=dict)
    code_scanning: CodeScanning | None = None
    """None where no upload was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PinEdit:
    """One place of one manifest that now holds the digest."""

    file: str
    document: int
    line: int
    old: str
    new: str
    environment: str | None = None
    """The environment it was pinned for; None: for the run's own `pin` section."""
    repository: str | None = None
    """The address of the other repository that the file is in, where the commit brings it; None: the config's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitRequest:
    """The merge request or pull request that a commit is in."""

    number: int
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """One commit of pinned manifests that is on its branch at the remote."""

    repository: str
    """Web address of the repository; where it has none, the remote's name, or another repository's address."""
    branch: str
    revision: str
    files: tuple[str, ...]
    """Relative to the config's directory, or to the top of another repository."""
    environment: str | None = None
    """The environment it was pinned for; None: for the run's own `pin` section."""
    at: str
    """ISO 8601, UTC."""
    request: CommitRequest | None = None
    """Where the branch is one of its own, the request to merge it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A whole state. Immutable: steps return a new one."""

    tool_version: str
    source: Source
    images: Mapping[str, ImageState] = field(default_factory=dict)
    pins: tuple[PinEdit, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    commits: tuple[Commit, ...] = ()
    """In the order in which they were made."""

    def image(self, name: str) -> ImageState:
        """What is known of an image: empty if nothing is."""
        return self.images.get(name, ImageState())

    def with_image(self, name: str, **changes: Any) -> State:
        """The state with these fields of one image replaced."""
        image = replace(self.image(name), **changes)
        return replace(self, images={**self.images, name: image})

    def with_promotion(self, promotion: Promotion) -> State:
        """The state with this promotion in the place of an earlier one; one that came to the same stays."""
        known = {p.identity: p for p in self.promotions}
        earlier = known.get(promotion.identity)
        known[promotion.identity] = earlier if earlier and earlier.is_same(promotion) else promotion
        return replace(self, promotions=tuple(known[key] for key in sorted(known)))


def as_json(state: State) -> dict[str, Any]:
    """The document of `schemas/state.schema.json`."""
    return {
        "version": VERSION,
        "tool": {"name": "ci-toolkit", "version": state.tool_version},
        "source": _plain(state.source),
        "images": {name: _plain(image) for name, image in state.images.items()},
        "pins": [_plain(pin) for pin in state.pins],
        "promotions": [_plain(promotion) for promotion in state.promotions],
        "commits": [_plain(commit) for commit in state.commits],
    }


def from_json(document: Mapping[str, Any]) -> State:
    """The state of a document that the schema accepts."""
    return State(
        tool_version=document["tool"]["version"],
        source=Source(**document["source"]),
        images={name: _image(image) for name, image in document["images"].items()},
        pins=tuple(PinEdit(**pin) for pin in document["pins"]),
        promotions=tuple(_promotion(promotion) for promotion in document["promotions"]),
        commits=tuple(_commit(commit) for commit in document.get("commits", ())),
    )


def write(path: Path, state: State) -> None:
    """Write the state file whole or not at all; raises ToolError."""
    write_atomically(path, (json.dumps(as_json(state), indent=2, ensure_ascii=False) + "\n").encode())


def read(path: Path) -> State:
    """Read a state file; raises as `read_document` does."""
    return from_json(read_document(path, "state", version=VERSION, made_by="ci-toolkit build"))


def require_same_run(state: State, source: Source) -> None:
    """Refuse (IntegrityError) a state that another revision or another `images` section made."""
    if state.source.revision != source.revision:
        message = f"the state was made from revision {state.source.revision}, but {source.revision} is checked out"
        raise IntegrityError(message, hint="run `ci-toolkit build` again, or check out the revision that was built")
    if state.source.images_hash != source.images_hash:
        message = "the state was made with another `images` section of the config"
        raise IntegrityError(message, hint="run `ci-toolkit build` again")


def _plain(value: Any) -> Any:
    if isinstance(value, Digest):
        return str(value)
    if isinstance(value, Counts):
        return value.as_json()
    if is_dataclass(value):
        fields_ = {f.name: getattr(value, f.name) for f in fields(value)}
        return {name: _plain(v) for name, v in fields_.items() if v is not None}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _promotion(document: Mapping[str, Any]) -> Promotion:
    replaced = {tag: Digest(digest) for tag, digest in document["replaced"].items()}
    known = {"digest": Digest(document["digest"]), "tags": tuple(document["tags"]), "replaced": replaced}
    return Promotion(**{**document, **known})


def _commit(document: Mapping[str, Any]) -> Commit:
    request = document.get("request")
    known = {"files": tuple(document["files"]), "request": CommitRequest(**request) if request else None}
    return Commit(**{**document, **known})


def _scan(document: Mapping[str, Any]) -> Scan:
    held = document.get("baseline")
    baseline = ScanBaseline(name=held["name"], digest=Digest(held["digest"])) if held else None
    return Scan(**{**document, "digest": Digest(document["digest"]), "baseline": baseline})


def _image(document: Mapping[str, Any]) -> ImageState:
    known = dict(document)
    if "digest" in known:
        known["digest"] = Digest(known["digest"])
    known["platforms"] = {name: Digest(digest) for name, digest in known["platforms"].items()}
    known["attestations"] = tuple(Digest(digest) for digest in known["attestations"])
    known["pushed"] = tuple(
        Pushed(**{**p, "digest": Digest(p["digest"]), "tags": tuple(p["tags"])}) for p in known["pushed"]
    )
    for name in ("tags", "moving_tags", "immutable_tags", "references", "blocking"):
        known[name] = tuple(known[name])
    if "findings" in known:
        known["findings"] = Counts(**known["findings"])
    if scan := known.get("scan"):
        known["scan"] = _scan(scan)
    if upload := known.get("code_scanning"):
        known["code_scanning"] = CodeScanning(**{**upload, "categories": tuple(upload["categories"])})
    return ImageState(**known)
