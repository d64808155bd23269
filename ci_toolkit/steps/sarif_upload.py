"""The SARIF reports' way to code scanning: every image's, whatever comes of the others'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.state import CodeScanning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.errors import ToolkitError
    from ci_toolkit.model.analysis import Analysis, Upload
    from ci_toolkit.model.plan import Action
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import State

    Failures = list[tuple[str, ToolkitError]]


class Uploader(Protocol):
    """Brings analyses to a code host; `ci_toolkit.ci.code_scanning.CodeScanning` is the one."""

    def plan(self, step: str, image: str) -> Sequence[Action]:
        """What `upload` would do for an image, with nothing connected."""

    def upload(self, analyses: Sequence[Analysis]) -> Iterator[tuple[Analysis, Upload]]:
        """What came of each, in order. Nothing is raised."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """The uploads, told to whoever watches and kept in the state."""

    uploader: Uploader
    progress: Progress

    def deliver(self, state: State, analyses: Sequence[Analysis]) -> tuple[State, Failures]:
        """Upload them; returns the state with what came of it, and by image what is to be raised for it."""
        failures: Failures = []
        for analysis, upload in self.uploader.upload(analyses):
            self._tell(analysis.image, upload)
            record = CodeScanning(
                status=upload.status,
                categories=analysis.categories,
                reason=upload.reason or None,
                id=upload.id,
                url=upload.url,
            )
            state = state.with_image(analysis.image, code_scanning=record)
            if upload.error:
                failures.append((analysis.image, upload.error))
        return state, failures

    def _tell(self, image: str, upload: Upload) -> None:
        if upload.status == "complete":
            self.progress.info(f"{image}: code scanning has it" + (f": {upload.url}" if upload.url else ""))
        elif upload.status == "skipped" and not upload.error:
            hint = f"; {upload.hint}" if upload.hint else ""
            self.progress.info(f"{image}: not uploaded to code scanning: skipped because {upload.reason}{hint}")
        else:
            # Told here too: after a no of the gate, that is the error a run ends in.
            word = "is still pending" if upload.status == "pending" else "failed"
            self.progress.warn(f"{image}: the upload to code scanning {word}: {upload.reason}")
