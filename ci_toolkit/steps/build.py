"""Build every image into an OCI layout, and tell whether it is the image of before."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from ci_toolkit.builders.base import PushTo, Workspace, shown_platforms
from ci_toolkit.builders.buildx import pushed_digest
from ci_toolkit.builders.ignore import dockerfile, write_copy
from ci_toolkit.builders.layouts import BuiltImage, PreviousImage, adopt, inspect, known_in, made_again
from ci_toolkit.errors import IntegrityError, RemoteError, ToolError, ToolkitError
from ci_toolkit.files import name_in_state
from ci_toolkit.layout import Layout
from ci_toolkit.model.plan import Action
from ci_toolkit.state import ImageState
from ci_toolkit.steps.build_request import build_request, check_inputs
from ci_toolkit.steps.image_version import image_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from ci_toolkit.builders.base import Builder, BuildRequest
    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor
    from ci_toolkit.state import State
    from ci_toolkit.steps.quarantine import Held, Quarantine

_LARGEST_SECRET = 4096
"""Larger files (a CA bundle, say) hold no secret that a log could show as one word."""


class PreviousImages(Protocol):
    """Where an image of an earlier run can be found when no state tells of it: in the registry."""

    def plan(self, image: ImageOptions, tag: str) -> Sequence[Action]:
        """The requests that `find` would make."""

    def find(self, image: ImageOptions, tag: str) -> PreviousImage | None:
        """The image under this tag, if there is one; raises RemoteError where nobody can tell."""


class BuildStep:
    """Builds `images` one after the other into `workdir`/images/NAME. `save` keeps the state after each."""

    name: ClassVar[str] = "build"

    def __init__(
        self,
        *,
        images: Mapping[str, ImageOptions],
        context: CiContext,
        builder: Builder,
        previous: PreviousImages,
        root: Path,
        workdir: Path,
        env: Mapping[str, str],
        redact: Redactor,
        progress: Progress,
        now: datetime,
        save: Callable[[State], None] = lambda _: None,
        quarantine: Quarantine | None = None,
        kept_out: str = "",
    ) -> None:
        """`quarantine`: where images go in a layout's place; `kept_out`: why this run may push nothing there."""
        self._quarantine = None if kept_out else quarantine
        self._kept_out = kept_out if quarantine else ""
        self._images = images
        self._context = context
        self._builder = builder
        self._previous = previous
        self._root = root
        self._workdir = workdir
        self._env = env
        self._redact = redact
        self._progress = progress
        self._now = now
        self._save = save

    def plan(self, state: State) -> Sequence[Action]:
        """The build of each image, and what decides whether it is the one of before."""
        return [action for image in self._images.values() for action in self._plan_image(image, state)]

    def run(self, state: State) -> State:
        """Build them all; the inputs of all are checked before the first one.

        Raises UsageError for missing inputs or an image without any tag, ToolError where a build fails,
        IntegrityError where a layout is broken.
        """
        for image in self._images.values():
            check_inputs(self._request(image), self._env)
            self._first_tag(image)
            self._learn_secrets(image)
        if self._kept_out:
            self._progress.info(f"images are handed on as layouts, and not by the quarantine: {self._kept_out}")
        if self._quarantine:
            self._quarantine.prepare()
        for image in self._images.values():
            state = self._build(image, state)
            self._save(state)
        return state

    def _plan_image(self, image: ImageOptions, state: State) -> Sequence[Action]:
        request, workspace, place = self._request(image), self._workspace(image), self._place(image)
        actions: list[Action] = []

        def decide(summary: str, when: str = "") -> None:
            actions.append(Action(step=self.name, kind="decide", image=image.name, summary=summary, when=when))

        if request.left_out:
            copy = str(dockerfile(request, workspace))
            summary = f"copy the Dockerfile, to leave {request.left_out} out of the context"
            actions.append(Action(step=self.name, kind="write", image=image.name, summary=summary, path=copy))
        if self._kept_out:
            decide(f"hand the image on as a layout, because {self._kept_out}")
        actions += self._builder.plan(request, workspace)
        if self._quarantine:
            digest = f"<digest of {image.name}>"
            actions.append(self._quarantine.plan_look(self.name, image.name, digest))
        if state.image(image.name).digest:
            decide("keep the digest of the state", "the digest of every platform is the state's")
        if request.provenance != "none":
            actions += self._previous.plan(image, self._first_tag(image))
        if self._quarantine:
            return actions
        summary = f"move <digest of {image.name}> to its place, every blob verified"
        actions.append(Action(step=self.name, kind="write", image=image.name, summary=summary, path=str(place)))
        return actions

    def _build(self, image: ImageOptions, state: State) -> State:
        request, workspace, place = self._request(image), self._workspace(image), Layout(self._place(image))
        self._clear(workspace, place)
        try:
            write_copy(request, workspace)
            with self._progress.task(f"build {image.name} for {shown_platforms(request)}", unit="steps") as task:
                builder = self._builder.build(request, workspace, task)
            if self._quarantine:
                held = self._taken_in(self._quarantine, image.name, workspace)
                kept = self._again(self._quarantine, image, state.image(image.name), held) or held.built
                # Whoever hands the workdir on should carry no image of an earlier run.
                shutil.rmtree(place.path, ignore_errors=True)
            else:
                new = Layout(workspace.layout)
                built = inspect(new)
                kept = self._made_again(image, state.image(image.name), new, built) or built
                adopt(new, kept.root, place)
        finally:
            shutil.rmtree(workspace.directory, ignore_errors=True)
        return self._established(image.name, state, kept, builder)

    def _taken_in(self, quarantine: Quarantine, name: str, workspace: Workspace) -> Held:
        """What the builder pushed; what it left as a layout is pushed now."""
        if not workspace.layout.exists():
            return quarantine.look(name, pushed_digest(workspace))
        layout = Layout(workspace.layout)
        built = inspect(layout)
        quarantine.take_in(layout, built.root)
        return quarantine.look(name, built.root.digest)

    def _again(self, quarantine: Quarantine, image: ImageOptions, known: ImageState, held: Held) -> BuiltImage | None:
        """The image of before, if this is it again: from where the state knows it to be, or under its first tag."""
        if not held.built.attestations or known.digest == held.built.root.digest:
            return None
        first = (image.repositories[0], self._first_tag(image)) if image.repositories else None
        try:
            same = quarantine.made_again(held, known, first)
        except (RemoteError, IntegrityError) as error:
            self._progress.warn(f"{image.name}: no earlier image can be asked for: {error.message}")
            return None
        if same:
            self._progress.info(f"{image.name}: every platform is as before, so {same.root.digest.short} stays")
        return same

    def _clear(self, workspace: Workspace, place: Layout) -> None:
        """Take away what a killed build left; refuse a workdir with links in it, which a checkout may hold."""
        directory = self._workdir / "images"
        linked = next((path for path in (directory, workspace.directory, place.path) if path.is_symlink()), None)
        if linked:
            message = f"{linked} is a symbolic link"
            raise ToolError(message, hint="remove it: the toolkit makes its workdir itself")
        shutil.rmtree(workspace.directory, ignore_errors=True)
        workspace.directory.mkdir(parents=True, exist_ok=True)

    def _made_again(self, image: ImageOptions, known: ImageState, new: Layout, built: BuiltImage) -> BuiltImage | None:
        """The image of before, if this is it again: from the state's layout, else from the registry."""
        if not built.attestations or known.digest == built.root.digest:
            return None
        earlier = self._in_state(known)
        try:
            same = made_again(new, built, earlier) if earlier else None
        except ToolkitError as error:
            self._progress.warn(f"the layout of {known.digest} is left aside: {error.message}")
            same = None
        if same is None:
            same = self._in_registry(image, new, built)
        if same:
            self._progress.info(f"{image.name}: every platform is as before, so {same.root.digest.short} stays")
        return same

    def _in_state(self, known: ImageState) -> PreviousImage | None:
        if known.digest is None or known.layout is None:
            return None
        return known_in(Layout(self._root / known.layout), known.digest)

    def _in_registry(self, image: ImageOptions, new: Layout, built: BuiltImage) -> BuiltImage | None:
        try:
            earlier = self._previous.find(image, self._first_tag(image))
            return made_again(new, built, earlier) if earlier else None
        except RemoteError as error:
            self._progress.warn(f"{image.name}: no earlier image can be asked for: {error.message}")
            return None

    def _established(self, name: str, state: State, built: BuiltImage, builder: str) -> State:
        """What is known now. Of another digest nothing that was known before holds any more."""
        known = state.image(name)
        image = known if known.digest == built.root.digest else ImageState()
        facts = replace(
            image,
            digest=built.root.digest,
            platforms=dict(built.platforms),
            attestations=tuple(attestation.digest for attestation in built.attestations),
            layout=None if self._quarantine else self._shown(self._place(self._images[name])),
            quarantine=str(self._quarantine.repository) if self._quarantine else None,
            builder=builder,
        )
        self._say(name, built.root.digest, known.digest)
        return replace(state, images={**state.images, name: facts})

    def _say(self, name: str, digest: Digest, before: Digest | None) -> None:
        change = "as before" if digest == before else f"was {before.short}" if before else "new"
        self._progress.info(f"{name}: {digest} ({change})")

    def _request(self, image: ImageOptions) -> BuildRequest:
        version = image_tags(image, self._context, self._now).version
        request = build_request(image, self._context, version, self._workdir)
        if self._quarantine is None:
            return request
        return replace(request, push_to=PushTo(str(self._quarantine.repository), self._quarantine.is_plain))

    def _first_tag(self, image: ImageOptions) -> str:
        return image_tags(image, self._context, self._now).tags[0]

    def _learn_secrets(self, image: ImageOptions) -> None:
        for secret in image.secrets.values():
            if secret.env:
                self._redact.add(self._env[secret.env])
            elif secret.file and secret.file.stat().st_size <= _LARGEST_SECRET:
                self._redact.add(secret.file.read_text(encoding="utf-8", errors="replace").strip())

    def _workspace(self, image: ImageOptions) -> Workspace:
        return Workspace(self._workdir / "images" / f".{image.name}.new")

    def _place(self, image: ImageOptions) -> Path:
        return self._workdir / "images" / image.name

    def _shown(self, path: Path) -> str:
        return name_in_state(path, self._root, self._workdir)
