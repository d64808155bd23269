"""Steps in, a plan or a run out: the order of the steps and what happens when one says no."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolkitError, UsageError, VerdictError
from ci_toolkit.model.plan import Action
from ci_toolkit.model.timeline import StepTime
from ci_toolkit.state import write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from ci_toolkit.model.timeline import Outcome
    from ci_toolkit.model.trust import Deed, Trust
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import State
    from ci_toolkit.steps.base import Step

STEPS = ("build", "tag", "scan", "push", "sarif", "pin", "commit")
"""Every step, in the one order there is."""

_EVEN_AFTER_FAILURE = frozenset({"sarif"})
"""The reports of a scan are wanted most when something went wrong after it."""

_REPORTED = frozenset({"build", "tag", "scan"})
"""Where one of these fails there is nothing new to report, and an earlier run's findings aren't this revision's."""

_PURE = frozenset({"tag"})
"""Its run touches nothing, so a plan knows what comes of it."""

DEEDS: Mapping[str, Deed] = {"push": "push", "commit": "commit"}
"""What a step does in the repository's name, so that the run has to be trusted with it."""


def order(names: Iterable[str]) -> tuple[str, ...]:
    """These steps in the pipeline's order, each once; raises UsageError for a name that is no step."""
    wanted = [name.strip() for name in names]
    for name in wanted:
        if name not in STEPS:
            message = f"there is no step {name!r}"
            raise UsageError(message, hint=f"the steps are {', '.join(STEPS)}")
    return tuple(name for name in STEPS if name in wanted)


def withheld(trust: Trust, names: Iterable[str]) -> Mapping[str, str]:
    """Which of these steps the run isn't trusted with, and why."""
    return {name: why for name in names if name in DEEDS and (why := trust.why_not(DEEDS[name]))}


def left_out(step: str, why: str) -> Action:
    """What a plan says of a step that stays undone."""
    return Action(step=step, kind="decide", summary=f"left out, because {why}")


def plan(steps: Iterable[Step], state: State, undone: Mapping[str, str] | None = None) -> tuple[Action, ...]:
    """What `run` would do with these steps and this state, in order. `undone`: as there."""
    actions: list[Action] = []
    for step in steps:
        if undone and step.name in undone:
            actions.append(left_out(step.name, undone[step.name]))
            continue
        actions += step.plan(state)
        if step.name in _PURE:
            state = step.run(state)
    return tuple(actions)


class Journal:
    """The newest state and the file it is kept in. A step that fails half-way has saved how far it came."""

    def __init__(self, file: Path | None, state: State) -> None:
        """`file`: None for what no later step starts from."""
        self.file = file
        self.state = state
        self.times: tuple[StepTime, ...] = ()
        """Every step of the run so far, in order."""
        self._written: State | None = None

    def save(self, state: State) -> None:
        """Keep this state, on disk first; one that stands there already isn't written again."""
        if self.file and state != self._written:
            write(self.file, state)
        self.state = self._written = state

    def took(self, step: str, began: float, seconds: float, outcome: Outcome) -> None:
        """Keep when a step began and how it ended; seconds since the run began, and how many it took."""
        self.times = (*self.times, StepTime(step=step, began=began, seconds=seconds, outcome=outcome))


def run(
    steps: Iterable[Step],
    journal: Journal,
    *,
    images: Collection[str],
    progress: Progress,
    gate: bool = True,
    undone: Mapping[str, str] | None = None,
    on_refusal: Callable[[State], None] = lambda _: None,
) -> None:
    """Run the steps for these images in order, saving the state after each.

    A failing verdict stops everything that would publish; a failing step stops what follows it; the SARIF is
    written all the same, if there was a scan. Raises the first failure at the end, VerdictError for a verdict.
    `undone`: steps that are left out, and why. `on_refusal` is called with the state after the gate's no.
    """
    failure: ToolkitError | None = None
    scanned = True
    start = time.monotonic()
    for step in steps:
        began = time.monotonic()
        reported = scanned and step.name in _EVEN_AFTER_FAILURE
        why = (undone or {}).get(step.name) or ("" if reported else _reason(failure))
        if why:
            progress.info(f"{step.name}: left out, because {why}")
            journal.took(step.name, began - start, 0.0, "left out")
            continue
        came: ToolkitError | None = None
        try:
            with progress.stage(step.name):
                journal.save(step.run(journal.state))
        except ToolkitError as error:
            came = error
            scanned = scanned and step.name not in _REPORTED
        if step.name == "scan" and gate:
            came = came or _refused(journal.state, images, on_refusal)
        failure = failure or came
        journal.took(step.name, began - start, time.monotonic() - began, _outcome(came))
    if failure:
        raise failure


def refused(state: State, images: Collection[str]) -> VerdictError | None:
    """The gate's no, if any of these images failed, naming image, number and worst of the findings that decided it."""
    from ci_toolkit.model.explanation import way_out

    failed = {name: state.image(name) for name in images if state.image(name).verdict == "fail"}
    if not failed:
        return None
    shown = "; ".join(
        f"{name}: {len(image.blocking)} blocking, first {image.blocking[0]}" if image.blocking else name
        for name, image in failed.items()
    )
    return VerdictError(
        f"the gate refuses {shown}",
        hint=way_out([ground for image in failed.values() for ground in image.blocking]),
    )


def _refused(state: State, images: Collection[str], on_refusal: Callable[[State], None]) -> VerdictError | None:
    verdict = refused(state, images)
    if verdict:
        on_refusal(state)
    return verdict


def _outcome(came: ToolkitError | None) -> Outcome:
    if came is None:
        return "done"
    return "refused" if isinstance(came, VerdictError) else "failed"


def _reason(failure: ToolkitError | None) -> str:
    if failure is None:
        return ""
    return "the gate said no" if isinstance(failure, VerdictError) else "an earlier step failed"
