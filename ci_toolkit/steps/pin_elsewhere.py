"""The pin of another repository's manifests: looked up on its branch, and written there by the commit alone."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.errors import ConfigError, UsageError, VerdictError
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ci_toolkit.state import State
    from ci_toolkit.steps.base import Step
    from ci_toolkit.steps.commit_place import Elsewhere


class PinElsewhere:
    """Finds the places of a run's images in `place`. `pin` makes the step that pins them below a directory."""

    name: ClassVar[str] = "pin"

    def __init__(self, place: Elsewhere, pin: Callable[[Path], Step]) -> None:
        self._place = place
        self._pin = pin

    def plan(self, state: State) -> Sequence[Action]:
        """The fetch; nothing is asked. Once the repository was reached, every place that would change."""
        other = self._place.other
        if other.tree:
            with self._told():
                return self._pin(other.tree).plan(state)
        files = ", ".join(self._place.patterns)
        summary = f"find the images in {files} of {other}: which places those are is known only there"
        return [self._place.look(self.name), Action(step=self.name, kind="decide", summary=summary)]

    def run(self, state: State) -> State:
        """Record the places as the branch has them now, for `commit` to bring.

        Raises as `PinStep.run`, but UsageError for what is wrong there, and RemoteError where it can't be read.
        """
        other = self._place.other
        tree = other.reach(self._place.patterns)
        with self._told():
            found = self._pin(tree).run(state)
        pins = (pin if pin in state.pins else replace(pin, repository=other.address) for pin in found.pins)
        return replace(found, pins=tuple(pins))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What is wrong there is told with its place, and with what helps there."""
        try:
            yield
        except ConfigError as error:
            # Its lines are no places in the job's own files, which reports would take them for.
            lines = "".join(f"\n  {violation}" for violation in error.violations)
            message = f"{self._place.other}: {error.message}{lines}"
            hint = f"files are looked up from the top of that repository; {error.hint}"
            raise UsageError(message, hint=hint) from error
        except VerdictError as error:
            message = f"{self._place.other}: {error.message}"
            raise VerdictError(message, hint="`ci-toolkit commit` brings the digests there") from error
