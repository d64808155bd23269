"""What a scan looks into: every platform of an image, out of its layout or fetched from where it waits."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.errors import IntegrityError, ToolkitError, UsageError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.scanners.base import Target
from ci_toolkit.scanners.flatten import flatten, runnable
from ci_toolkit.steps.waiting import held_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.progress import Progress
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.quarantine import Quarantine

NOT_YET = Digest("sha256:" + "0" * 64)
"""Stands for a digest that isn't known before the run."""
BUILDERS_PLATFORM, EACH_PLATFORM = "<platform of the builder>", "<each platform>"
"""Stand in a plan for platforms that aren't known before the run."""


class Scannable(Protocol):
    """An image as a scan knows it: one of the config's, or one that was named on the command line."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """Those it is built for, as far as they are known before the run."""

    @property
    def scratch(self) -> bool:
        """It holds nothing a scanner knows, on purpose."""

    @property
    def dockerfile(self) -> Path | None:
        """What it is built from; None where nobody says."""

    @property
    def target(self) -> str | None:
        """The stage of that; None: the last one."""


class Targets:
    """Makes targets below `private`; `root`: the config's directory, which layouts in the state are relative to."""

    def __init__(
        self,
        private: Path,
        root: Path,
        quarantine: Quarantine | None,
        progress: Progress,
        elsewhere: Mapping[str, Quarantine],
    ) -> None:
        """`elsewhere`: the repositories of images, by name, that aren't in the quarantine of the run."""
        self._private = private
        self._root = root
        self._quarantine = quarantine
        self._progress = progress
        self._elsewhere = elsewhere

    def planned(self, options: Scannable, image: ImageState) -> Sequence[Target]:
        """The targets as far as they are known before the run."""
        platforms = tuple(image.platforms) or options.platforms or (BUILDERS_PLATFORM,)
        return [self._target(options.name, p, image.platforms.get(p, NOT_YET)) for p in platforms]

    def waiting(self, images: Iterable[tuple[Scannable, ImageState]]) -> Iterator[tuple[str, str]]:
        """Name and digest, as a plan shows it, of each image that waits in quarantine."""
        for options, image in images:
            if self._quarantine and not image.layout:
                yield options.name, str(image.digest or f"<digest of {options.name}>")

    def prepare(self, options: Scannable, image: ImageState) -> list[Target]:
        """Flatten every platform of an image. Whether its layout is whole, bit by bit, `checked` finds out."""
        if image.digest is not None and image.layout is None and image.quarantine:
            return self._remote_targets(options.name, image, image.digest)
        if image.digest is None or image.layout is None or not image.platforms:
            message = f"{options.name} has not been built"
            raise UsageError(message, hint="run `ci-toolkit build` first, or hand the build job's workdir on")
        layout = Layout(self._root / image.layout)
        root = layout.root()
        if root.digest != image.digest:
            message = f"{layout.path} holds {root.digest}, but the state says {image.digest}"
            raise IntegrityError(message, hint="run `ci-toolkit build` again")
        targets = []
        for platform, manifest in runnable(layout, root, image.platforms).items():
            place = self._target(options.name, platform, manifest.digest)
            config, layers = flatten(layout, manifest, place.layout)
            targets.append(replace(place, config=config, layers=layers))
        return targets

    @contextmanager
    def checked(self, images: Mapping[str, ImageState]) -> Iterator[Callable[[], None]]:
        """Find out, while the block runs, whether the layouts of these images, by name, are whole.

        What it gives waits for the answer, and raises IntegrityError where one isn't; so does the block's end, also in
        place of what a scanner made of it.
        """
        pool = ThreadPoolExecutor(1, thread_name_prefix="check")
        try:
            check = pool.submit(self._check, images)
            try:
                yield check.result
            except ToolkitError:
                check.result()
                raise
            check.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def deployed(self, label: str, place: Quarantine, digest: Digest) -> list[Target]:
        """Every platform of an image in a repository, whatever the state says; its targets are called `label`."""
        held = place.look(label, digest)
        return [self._fetched(label, platform, manifest, place) for platform, manifest in held.built.platforms.items()]

    def _check(self, images: Mapping[str, ImageState]) -> None:
        for name, image in images.items():
            if image.layout:
                layout = Layout(self._root / image.layout)
                with self._progress.task(f"checking {name}", None) as task:
                    layout.verify(layout.root(), progress=task.advance)

    def _remote_targets(self, name: str, image: ImageState, digest: Digest) -> list[Target]:
        """Every platform of an image in quarantine, after what is there was held against the state."""
        place = held_in(self._place(name), name, image)
        place.check(name, image, digest)
        return [self._fetched(name, platform, manifest, place) for platform, manifest in image.platforms.items()]

    def _fetched(self, label: str, platform: str, manifest: Digest, place: Quarantine) -> Target:
        """A copy of it here: a scanner that reads from a registry believes what that sends, whatever its digest."""
        target = self._target(label, platform, manifest)
        layout = Layout(target.layout.parent / "copy")
        with self._progress.task(f"fetching {label} {platform}", None) as task:
            copied = place.copy_out(manifest, layout, task.advance)
        config, layers = flatten(layout, copied, target.layout)
        return replace(target, config=config, layers=layers)

    def _place(self, name: str) -> Quarantine | None:
        return self._elsewhere.get(name, self._quarantine)

    def _target(self, image: str, platform: str, manifest: Digest) -> Target:
        known = platform not in (BUILDERS_PLATFORM, EACH_PLATFORM)
        place = self._private / flat(image) / (flat(platform) if known else platform)
        return Target(
            image=image,
            platform=platform,
            manifest=manifest,
            config=NOT_YET,
            layout=place / "layout",
            report=place / "report.json",
        )


def flat(name: str) -> str:
    """A platform, or whatever an image is called, as a file's name that every artifact store takes, and no `..`."""
    return re.sub(r"[^A-Za-z0-9._-]+|^\.+", "-", name)
