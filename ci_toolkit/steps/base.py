"""What every step is: a plan without writes, and a run that executes that plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.model.plan import Action
    from ci_toolkit.state import State


class Step(Protocol):
    """One stretch of the way. What it needs (runner, client, progress) it was given when it was made."""

    name: ClassVar[str]

    def plan(self, state: State) -> Sequence[Action]:
        """What `run` would do, in order: no write, no process, no connection; unknown digests shown as such."""

    def run(self, state: State) -> State:
        """Do it, and return what is now established. A verdict is recorded in the state, not raised."""
