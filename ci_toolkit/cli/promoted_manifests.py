"""What a promotion does with the environment's manifests, once the images are there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.config.options import EnvironmentOptions, ImageOptions
    from ci_toolkit.progress import Progress
    from ci_toolkit.steps.base import Step
    from ci_toolkit.steps.pin import TargetOf


class Manifests:
    """What an environment's manifests get: the steps that pin and commit the digests that were promoted."""

    def __init__(
        self, opened: Session, environment: EnvironmentOptions, images: Mapping[str, ImageOptions], now: datetime
    ) -> None:
        self._opened = opened
        self._now = now
        self._environment = environment
        own = environment.repositories
        self._partial = len(images) < len(environment.images or opened.config.images)
        self._images = {n: replace(image, repositories=own.get(n, image.repositories)) for n, image in images.items()}

    def pin(self, targets: TargetOf) -> Step:
        """The step that pins these targets in the checkout, or finds them in another repository."""
        from ci_toolkit.cli.committing import pin_step

        progress = self._opened.progress
        return pin_step(self._opened, self._environment.pin, lambda root: self._pin_in(root, targets, progress))

    def commit(self, targets: TargetOf) -> Step:
        """The step that commits what `pin` wrote."""
        from ci_toolkit.cli.committing import commit_step
        from ci_toolkit.progress import Silent
        from ci_toolkit.steps.commit_pins import Pins

        name = self._environment.name
        pins = Pins(
            lambda root, wanted: self._pin_in(root, wanted or targets, Silent()),
            self._images,
            targets=targets,
            environment=name,
        )
        return commit_step(
            self._opened,
            pins,
            self._environment.pin,
            self._now,
            environment=name,
            images=tuple(self._images) if self._partial else (),
        )

    def _pin_in(self, root: Path, targets: TargetOf, progress: Progress) -> Step:
        from ci_toolkit.steps.pin import PinStep

        return PinStep(
            pins=self._environment.pin,
            images=self._images,
            root=root,
            progress=progress,
            partial=self._partial,
            targets=targets,
            environment=self._environment.name,
            names=self._opened.config.images,
        )
