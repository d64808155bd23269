"""A push step and all it touches, with registries that do as they are told."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.policy import GatePolicy, Thresholds
from ci_toolkit.model.reference import parse_destination
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.outcome import Outcome
from ci_toolkit.state import ImageState, Scan, Source, State
from ci_toolkit.steps.push import PushStep
from tests.harness.builds import image_options
from tests.harness.findings import GATE
from tests.harness.pushing import TAGS, Heard, destinations

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.model.plan import Action
    from ci_toolkit.model.reference import Destination
    from ci_toolkit.steps.push import Publisher as PublisherLike

OFF = replace(GATE, thresholds=Thresholds.everywhere(None))
REPOSITORIES = ("ghcr.io/acme/app", "example.com/app")


@dataclass
class Publisher:
    """Takes everything, but for the destinations that fail."""

    failing: dict[str, Exception] = field(default_factory=dict)
    pushed: list[tuple[str, Digest, tuple[str, ...]]] = field(default_factory=list)
    immutable: set[str] = field(default_factory=set)
    meet: Callable[[str], object] = lambda _: None
    """Called in mid-push with the destination, in the thread that pushes."""

    def plan(self, image: str, digest: str, tags: Sequence[str], destination: Destination) -> Sequence[Action]:
        """As the real one."""
        with destinations() as real:
            return real.plan(image, digest, tags, destination)

    def push(
        self,
        destination: Destination,
        layout: Layout,  # noqa: ARG002
        root: Descriptor,
        tags: Sequence[str],
        immutable: Collection[str] = (),
    ) -> Outcome:
        """Take it, or raise what is to fail."""
        self.meet(str(destination))
        self.immutable.update(immutable)
        if error := self.failing.get(str(destination)):
            raise error
        self.pushed.append((str(destination), root.digest, tuple(tags)))
        return Outcome(uploaded=3, bytes=7, moved=tuple(tags))

    def tell_budgets(self) -> None:
        """There are none."""


@dataclass
class PushBench:
    """A push step of one image, and all it touches."""

    root: Path
    layout: Layout
    image: Descriptor
    publisher: Publisher = field(default_factory=Publisher)
    progress: Heard = field(default_factory=Heard)
    redact: Redactor = field(default_factory=Redactor)
    saved: list[State] = field(default_factory=list)
    savers: set[int] = field(default_factory=set)
    """The threads that saved."""
    on_save: Callable[[State], object] = lambda _: None

    def step(
        self,
        policy: GatePolicy = GATE,
        *,
        no_gate: bool = False,
        images: Sequence[str] = ("app",),
        to: Sequence[str] = REPOSITORIES,
        publisher: PublisherLike | None = None,
    ) -> PushStep:
        """A step that pushes these images to these places."""
        repositories = tuple(parse_destination(text) for text in to)
        return PushStep(
            images={name: image_options(self.root, name=name, repositories=repositories) for name in images},
            publisher=publisher or self.publisher,
            policy=policy,
            policy_hash="policy",
            no_gate=no_gate,
            root=self.root,
            progress=self.progress,
            redact=self.redact,
            save=self.save,
        )

    def save(self, state: State) -> None:
        """Keep a state."""
        self.saved.append(state)
        self.on_save(state)
        self.savers.add(threading.get_ident())

    def state(self, **changes: Any) -> State:
        """A state of one image, scanned and passed, with these fields of it changed."""
        scan = Scan(
            scanner="trivy",
            version="0",
            database_updated=None,
            database_repository=None,
            policy_hash="policy",
            scanned_at="2026-01-01T00:00:00Z",
            digest=self.image.digest,
        )
        fields = {"digest": self.image.digest, "layout": "layout", "tags": TAGS, "verdict": "pass", "scan": scan}
        image = replace(ImageState(), **{**fields, **changes})
        return State(tool_version="0", source=Source(revision=None, images_hash="x"), images={"app": image})
