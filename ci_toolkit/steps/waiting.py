"""An image that waits in quarantine, and the one place where a step may look for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError

if TYPE_CHECKING:
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.quarantine import Quarantine


def held_in(quarantine: Quarantine | None, name: str, image: ImageState) -> Quarantine:
    """The quarantine that a state's image waits in; raises IntegrityError where it isn't the config's."""
    if quarantine is None:
        message = f"the state says that {name} waits in {image.quarantine}, but the config hands on no image so"
        raise IntegrityError(message, hint="build with the same `handoff` and `quarantine` in every job")
    quarantine.require(name, image)
    return quarantine
