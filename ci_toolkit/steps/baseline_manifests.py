"""The digests of an image that manifests hold: the places that `pin` would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.manifests.pinning import Target
from ci_toolkit.model.reference import Reference
from ci_toolkit.steps.pin_files import PinnedFiles
from ci_toolkit.steps.scan_targets import NOT_YET
from ci_toolkit.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import PinOptions
    from ci_toolkit.model.reference import Repository


def references_in(
    root: Path,
    entries: Sequence[PinOptions],
    name: str,
    repositories: Collection[Repository],
    *,
    names: Collection[str],
) -> list[Reference]:
    """What stands with a digest where these entries would pin the image, below `root`; nothing is written.

    `names`: what comments may call an image. Raises ConfigError for files that can't be read.
    """
    files = PinnedFiles(Workspace(root), names)
    for number, entry in enumerate(entries):
        if not entry.images or name in entry.images:
            target = Target(
                name=name, repositories=frozenset(repositories), digest=str(NOT_YET), tag="any", style=entry.style
            )
            files.pin(f"pin[{number}]", entry, [target], whole=False)
    found = [Reference.parse(edit.old) for edit in files.edits]
    return [reference for reference in found if reference.digest]
