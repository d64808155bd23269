"""The push: what the gate let pass, to every repository of its image, tags last."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from ci_toolkit.errors import IntegrityError, ToolkitError, UsageError, VerdictError
from ci_toolkit.layout import Layout
from ci_toolkit.registry.crew import in_lanes
from ci_toolkit.state import Pushed
from ci_toolkit.steps.failures import joined
from ci_toolkit.steps.push_errands import errands_of, lanes, ordered_tags
from ci_toolkit.steps.verdict import refusal
from ci_toolkit.steps.waiting import held_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.model.plan import Action
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.model.reference import Destination
    from ci_toolkit.progress import Progress
    from ci_toolkit.registry.outcome import Outcome
    from ci_toolkit.state import ImageState, State
    from ci_toolkit.steps.push_errands import Bring, Errand
    from ci_toolkit.steps.quarantine import Quarantine


class Publisher(Protocol):
    """Brings images to destinations; `ci_toolkit.registry.destinations.Destinations` is the one."""

    def plan(self, image: str, digest: str, tags: Sequence[str], destination: Destination) -> Sequence[Action]:
        """What `push` would do, in order, with nothing connected."""

    def push(
        self,
        destination: Destination,
        layout: Layout,
        root: Descriptor,
        tags: Sequence[str],
        immutable: Collection[str] = (),
    ) -> Outcome:
        """Bring an image there and point the tags at it, tags last and in their order; from any thread."""

    def tell_budgets(self) -> None:
        """Say what is left of the registries' limits, for whoever wants details."""


class PushStep:
    """Pushes images to their repositories, several registries at once.

    Before the first request every image has to be fit for it. A repository that fails stops no other; `save` keeps
    each outcome at once, and the failures are raised at the end. `root`: the config's directory, which the layouts in
    the state are relative to; `quarantine`: where images wait that have none. `redact`: what failures say goes into
    the state.
    """

    name: ClassVar[str] = "push"

    def __init__(
        self,
        *,
        images: Mapping[str, ImageOptions],
        publisher: Publisher,
        policy: GatePolicy,
        policy_hash: str,
        no_gate: bool,
        root: Path,
        progress: Progress,
        redact: Callable[[str], str],
        save: Callable[[State], None],
        quarantine: Quarantine | None = None,
    ) -> None:
        self._images = images
        self._quarantine = quarantine
        self._publisher = publisher
        self._gate = not policy.is_off
        self._policy_hash = policy_hash
        self._no_gate = no_gate
        self._root = root
        self._progress = progress
        self._redact = redact
        self._save = save

    def plan(self, state: State) -> Sequence[Action]:
        """The requests of every push; what isn't known yet stands in angle brackets."""
        actions: list[Action] = []
        for name, options in self._images.items():
            image = state.image(name)
            digest = str(image.digest or f"<digest of {name}>")
            tags = ordered_tags(image) or (f"<each tag of {name}>",)
            waiting = self._quarantine if image.layout is None else None
            if waiting:
                actions.append(waiting.plan_look(self.name, name, digest))
            for destination in options.repositories:
                actions += self._publisher.plan(name, digest, tags, destination)
            if waiting:
                when = f"{name} has arrived in all its repositories"
                actions.append(waiting.plan_discard(self.name, name, digest, when))
        return actions

    def run(self, state: State) -> State:
        """Push. Raises VerdictError for what the gate didn't let pass, IntegrityError, RemoteError, ToolError."""
        fit = {name: (state.image(name), *self._fit(name, state.image(name))) for name in self._images}
        for name in self._images:
            state = state.with_image(name, **self._cleared(name, state.image(name)))
        self._save(state)
        errands = errands_of(fit, {name: options.repositories for name, options in self._images.items()})
        failures: list[tuple[Errand, ToolkitError]] = []
        # Threads push; the state changes here alone, so nothing is lost between two that finish at once.
        for errand, came in in_lanes(self._push, lanes(errands)):
            if isinstance(came, ToolkitError):
                came.message = self._redact(came.message)
                failures.append((errand, came))
                state = _failed(state, errand, came.message)
            else:
                state = _recorded(state, errand, came)
            self._save(state)
            self._tell(errand, came)
        self._publisher.tell_budgets()
        self._clear_quarantine(state)
        if failures:
            told = sorted(failures, key=lambda failure: failure[0].number)
            raise joined([(f"{errand.image} → {errand.destination}", error) for errand, error in told])
        return state

    def _clear_quarantine(self, state: State) -> None:
        """What has arrived everywhere waits for nothing any more."""
        for name, options in self._images.items():
            image = state.image(name)
            arrived = {p.repository for p in image.pushed}
            if self._quarantine and arrived >= {str(repository) for repository in options.repositories}:
                self._quarantine.discard(name, image, "it is pushed")

    def _push(self, errand: Errand) -> tuple[Errand, Outcome | ToolkitError]:
        try:
            return errand, errand.bring(errand.destination, errand.tags, errand.immutable)
        except ToolkitError as error:
            return errand, error

    def _fit(self, name: str, image: ImageState) -> tuple[Digest, Bring]:
        """What pushes the image, if it may be pushed and is what was scanned."""
        if image.digest is None or (image.layout is None and image.quarantine is None):
            message = f"{name} has not been built"
            raise UsageError(message, hint="run `ci-toolkit build` first, or hand the build job's workdir on")
        if not image.tags:
            message = f"{name} has no tags"
            raise UsageError(message, hint="run `ci-toolkit tag` first")
        if self._gate:
            self._check_verdict(name, image)
        if image.layout is None:
            return image.digest, self._from_quarantine(name, image, image.digest)
        return image.digest, self._from_layout(name, image.digest, image.layout)

    def _from_quarantine(self, name: str, image: ImageState, digest: Digest) -> Bring:
        quarantine = held_in(self._quarantine, name, image)
        return lambda to, tags, immutable: quarantine.bring(digest, to, tags, immutable)

    def _from_layout(self, name: str, digest: Digest, path: str) -> Bring:
        layout = Layout(self._root / path)
        root = layout.root()
        if root.digest != digest:
            message = f"{layout.path} holds {root.digest}, but {name} is {digest} in the state"
            raise IntegrityError(message, hint="the layout was changed after the build: build and scan again")
        return lambda to, tags, immutable: self._publisher.push(to, layout, root, tags, immutable)

    def _check_verdict(self, name: str, image: ImageState) -> None:
        reason, hint = refusal(image, self._policy_hash)
        if self._no_gate:
            self._progress.warn(f"{name}: the gate is passed over by --no-gate; {reason or 'the verdict is pass'}")
        elif reason:
            message = f"{name} is not pushed: {reason}"
            raise VerdictError(message, hint=hint)

    def _cleared(self, name: str, image: ImageState) -> dict[str, object]:
        """Forget earlier failures, and pushes of another digest or to repositories no longer asked for."""
        wanted = {str(destination) for destination in self._images[name].repositories}
        kept = tuple(p for p in image.pushed if p.digest == image.digest and p.repository in wanted)
        gate = "off" if not self._gate else "overridden" if self._no_gate else "on"
        return {"pushed": kept, "references": _references(kept), "failed_pushes": {}, "gate": gate}

    def _tell(self, errand: Errand, came: Outcome | ToolkitError) -> None:
        if isinstance(came, ToolkitError):
            self._progress.warn(f"{errand.image}: the push to {errand.destination} failed: {came.message}")
            return
        moved = f"{', '.join(came.moved)} now {errand.digest.short}" if came.moved else "no tag moved"
        blobs = f"{came.uploaded} blobs sent, {came.mounted} mounted, {came.present} there"
        self._progress.info(f"{errand.image} → {errand.destination}: {moved}; {blobs}")


def _recorded(state: State, errand: Errand, outcome: Outcome) -> State:
    image, repository = state.image(errand.image), str(errand.destination)
    record = Pushed(
        repository=repository,
        digest=errand.digest,
        tags=image.tags,
        uploaded=outcome.uploaded,
        mounted=outcome.mounted,
        present=outcome.present,
        bytes=outcome.bytes,
        tags_moved=len(outcome.moved),
    )
    others = tuple(p for p in image.pushed if p.repository != repository)
    pushed = tuple(sorted((*others, record), key=lambda p: p.repository))
    failed = {name: why for name, why in image.failed_pushes.items() if name != repository}
    return state.with_image(errand.image, pushed=pushed, references=_references(pushed), failed_pushes=failed)


def _failed(state: State, errand: Errand, why: str) -> State:
    known = {**state.image(errand.image).failed_pushes, str(errand.destination): why}
    return state.with_image(errand.image, failed_pushes=dict(sorted(known.items())))


def _references(pushed: Sequence[Pushed]) -> tuple[str, ...]:
    return tuple(f"{p.repository}:{tag}" for p in pushed for tag in p.tags)
