"""Images that a scan is told to look into, wherever they are, as a state has them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.builders.archive import archive_to_layout
from ci_toolkit.builders.base import Workspace
from ci_toolkit.builders.layouts import inspect
from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import REF_NAME
from ci_toolkit.model.plan import Action
from ci_toolkit.registry.missing import find
from ci_toolkit.state import ImageState
from ci_toolkit.steps.quarantine import Quarantine
from ci_toolkit.steps.scan_targets import EACH_PLATFORM, flat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.builders.engine_images import LocalEngine
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.model.reference import Reference
    from ci_toolkit.model.scan_source import ScanSource
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import State
    from ci_toolkit.steps.quarantine import Registries
    from ci_toolkit.steps.scan import ScanStep

_STEP = "scan"
_OPENED = {"layout": "open", "archive": "unpack", "engine": "save"}


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedImage:
    """An image that was named, and where it is."""

    name: str
    source: ScanSource
    platforms: tuple[str, ...] = (EACH_PLATFORM,)
    scratch: bool = False
    dockerfile: Path | None = None
    target: str | None = None


class NamedImages:
    """Opens what was named. Layouts of archives and of the engine's images are made below `directory`."""

    def __init__(
        self,
        images: Sequence[NamedImage],
        directory: Path,
        registries: Registries,
        engine: LocalEngine,
        progress: Progress,
    ) -> None:
        """Raises UsageError for two that would have the same reports."""
        self._images = images
        self._directory = directory
        self._registries = registries
        self._engine = engine
        self._progress = progress
        known: dict[str, str] = {}
        for image in images:
            other = known.setdefault(flat(image.name), image.name)
            if other is not image.name:
                message = f"{other} and {image.name} would have the same reports"
                raise UsageError(message, hint="scan them one after the other, each with a `--workdir` of its own")

    @property
    def places(self) -> dict[str, Quarantine]:
        """The repositories of those on a registry, by the image's name."""
        return {
            image.name: Quarantine(image.source.reference.repository, self._registries, self._progress)
            for image in self._images
            if image.source.reference
        }

    def planned(self) -> dict[str, ImageState]:
        """What is known of them before anything is looked at."""
        return {
            image.name: ImageState() if image.source.reference else ImageState(layout=str(self._layout(image).path))
            for image in self._images
        }

    def plan(self) -> Iterator[Action]:
        """How each is opened."""
        for image in self._images:
            source = image.source
            if source.reference:
                url = self._registries.manifest_url(source.reference.repository, _key(source.reference))
                summary = f"resolve {source.place}, and fetch every platform"
                yield Action(step=_STEP, kind="request", image=image.name, summary=summary, method="GET", url=url)
            else:
                path = str(self._layout(image).path)
                summary = f"{_OPENED[source.kind]} {source.text} as an OCI layout"
                yield Action(step=_STEP, kind="write", image=image.name, summary=summary, path=path)

    def open(self) -> dict[str, ImageState]:
        """Digest, platforms and place of each.

        Raises UsageError for what isn't what it is said to be, ToolError, RemoteError, IntegrityError.
        """
        return {image.name: self._open(image) for image in self._images}

    def close(self) -> None:
        """Remove what was made to open them."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _open(self, image: NamedImage) -> ImageState:
        source = image.source
        if source.reference:
            return self._on_registry(image, source.reference)
        layout = self._layout(image)
        workspace = Workspace(layout.path.parent)
        shutil.rmtree(workspace.directory, ignore_errors=True)
        try:
            workspace.directory.mkdir(parents=True)
        except OSError as error:
            message = f"can't make {workspace.directory}: {error.strerror}"
            raise ToolError(message) from error
        if source.kind == "layout":
            _view(source, layout)
        elif source.kind == "engine":
            with self._progress.task(f"saving {source.place} from the engine", None):
                self._engine.save(source.place, workspace)
        else:
            file = Path(source.place)
            if not file.is_file():
                message = f"there is no file {source.place}"
                raise UsageError(message, hint="name an archive that `docker save` wrote, or an OCI layout in a tar")
            with self._progress.task(f"unpacking {source.place}", None):
                archive_to_layout(file, workspace)
        built = inspect(layout)
        return ImageState(digest=built.root.digest, platforms=built.platforms, layout=str(layout.path))

    def _on_registry(self, image: NamedImage, reference: Reference) -> ImageState:
        repository = reference.repository
        digest = find(self._registries.repository(repository), _key(reference)).digest
        held = self.places[image.name].look(image.name, digest)
        return ImageState(digest=digest, platforms=held.built.platforms, quarantine=str(repository))

    def _layout(self, image: NamedImage) -> Layout:
        return Layout(Workspace(self._directory / flat(image.name)).layout)


class NamedScan:
    """The step `scan` of images that were named: opens them for as long as they are looked into."""

    name: ClassVar[str] = "scan"

    def __init__(self, images: NamedImages, scan: ScanStep) -> None:
        self._images = images
        self._scan = scan

    def plan(self, state: State) -> Sequence[Action]:
        """How they are opened, then what the scan would do."""
        return [*self._images.plan(), *self._scan.plan(replace(state, images=self._images.planned()))]

    def run(self, state: State) -> State:
        """Raises what `NamedImages.open` and the scan raise."""
        try:
            return self._scan.run(replace(state, images=self._images.open()))
        finally:
            self._images.close()


def _view(source: ScanSource, layout: Layout) -> None:
    """A layout of the one image that is meant: its blobs are those of the directory."""
    there = Layout(Path(source.place))
    if not (there.path / "index.json").is_file():
        message = f"there is no OCI image layout in {source.place}"
        raise UsageError(message, hint="an OCI image layout is a directory with an `index.json` and `blobs`")
    chosen = _chosen(source, there.entries())
    layout.path.mkdir()
    (layout.path / "blobs").symlink_to((there.path / "blobs").absolute(), target_is_directory=True)
    layout.create()
    layout.write_entries([chosen])


def _chosen(source: ScanSource, entries: Sequence[Descriptor]) -> Descriptor:
    meant = [
        entry
        for entry in entries
        if source.digest in (None, entry.digest) and source.tag in (None, entry.annotations.get(REF_NAME))
    ]
    if len({entry.digest for entry in meant}) == 1:
        return meant[0]
    known = ", ".join(f"{entry.annotations.get(REF_NAME, '')}@{entry.digest}" for entry in entries[:5]) or "none"
    message = (
        f"{source.text}: {'several images are' if meant else 'no image is'} meant by this; {source.place} has {known}"
    )
    raise UsageError(message[:1000], hint=f"write oci:{source.place}:TAG or oci:{source.place}@sha256:…")


def _key(reference: Reference) -> str:
    return str(reference.digest or reference.tag)
