"""The order of the steps, and what a no or a failure stops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit import pipeline
from ci_toolkit import state as states
from ci_toolkit.errors import RemoteError, ToolError, UsageError, VerdictError
from ci_toolkit.model.plan import Action
from ci_toolkit.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ci_toolkit.state import State

EMPTY = states.State(tool_version="0", source=states.Source(revision=None, images_hash=""))


@dataclass
class Recorded:
    """A step that notes that it ran."""

    name: str
    ran: list[str]
    change: Callable[[State], State] = lambda state: state

    def plan(self, state: State) -> list[Action]:
        return [Action(step=self.name, kind="decide", summary=f"{len(state.images)} images")]

    def run(self, state: State) -> State:
        self.ran.append(self.name)
        return self.change(state)


def failing(error: Exception) -> Callable[[State], State]:
    def fail(_: State) -> State:
        raise error

    return fail


def run_all(tmp_path: Path, *, gate: bool = True, **changes: Callable[[State], State]) -> tuple[list[str], Exception]:
    ran: list[str] = []
    steps = [Recorded(name, ran, changes.get(name, lambda state: state)) for name in pipeline.STEPS]
    journal = pipeline.Journal(tmp_path / "state.json", EMPTY)
    failure: Exception = AssertionError("nothing failed")
    try:
        pipeline.run(steps, journal, images=["app"], progress=Silent(), gate=gate)  # type: ignore[arg-type]
    except (VerdictError, ToolError, RemoteError) as error:
        failure = error
    return ran, failure


def verdict(word: states.Verdict, name: str = "app") -> Callable[[State], State]:
    return lambda state: state.with_image(name, verdict=word, blocking=("CVE-1 pkg 1 (high)",))


def test_steps_are_put_into_their_order() -> None:
    assert pipeline.order(["pin", " build", "scan", "build"]) == ("build", "scan", "pin")


def test_an_unknown_step_is_named_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'deploy'") as caught:
        pipeline.order(["build", "deploy"])
    assert "sarif" in caught.value.hint


def test_a_plan_is_every_steps_plan_in_order() -> None:
    actions = pipeline.plan([Recorded("build", []), Recorded("tag", [])], EMPTY)  # type: ignore[list-item]
    assert [action.step for action in actions] == ["build", "tag"]


def test_all_run_when_nothing_says_no(tmp_path: Path) -> None:
    ran, _ = run_all(tmp_path, scan=verdict("pass"))
    assert ran == list(pipeline.STEPS)
    assert states.read(tmp_path / "state.json").image("app").verdict == "pass"


def test_a_failing_verdict_publishes_nothing_but_the_sarif(tmp_path: Path) -> None:
    ran, failure = run_all(tmp_path, scan=verdict("fail"))
    assert ran == ["build", "tag", "scan", "sarif"]
    assert isinstance(failure, VerdictError)
    assert "CVE-1" in failure.message


def test_a_failing_verdict_of_an_image_outside_the_run_stops_nothing(tmp_path: Path) -> None:
    ran, _ = run_all(tmp_path, scan=verdict("fail", "other"))
    assert ran == list(pipeline.STEPS)


def test_without_the_gate_a_failing_verdict_stops_nothing(tmp_path: Path) -> None:
    ran, _ = run_all(tmp_path, gate=False, scan=verdict("fail"))
    assert ran == list(pipeline.STEPS)


def test_a_step_that_fails_stops_what_follows_and_its_error_is_the_one_raised(tmp_path: Path) -> None:
    ran, failure = run_all(tmp_path, push=failing(RemoteError("down")), sarif=failing(ToolError("also")))
    assert ran == ["build", "tag", "scan", "push", "sarif"]
    assert isinstance(failure, RemoteError)


@pytest.mark.parametrize("step", ["build", "tag", "scan"])
def test_without_a_scan_of_this_run_nothing_is_reported(tmp_path: Path, step: str) -> None:
    changes: dict[str, Any] = {step: failing(ToolError("no engine"))}
    ran, _ = run_all(tmp_path, **changes)
    assert ran[-1] == step, "an earlier run's findings aren't this revision's"


def test_what_a_failing_step_saved_is_kept(tmp_path: Path) -> None:
    journal = pipeline.Journal(tmp_path / "state.json", EMPTY)

    def half(state: State) -> State:
        journal.save(replace(state, images={"app": states.ImageState(tags=("half",))}))
        message = "the other registry is down"
        raise RemoteError(message)

    ran: list[str] = []
    steps = [Recorded("push", ran, half), Recorded("sarif", ran)]
    with pytest.raises(RemoteError):
        pipeline.run(steps, journal, images=["app"], progress=Silent())  # type: ignore[arg-type]
    assert states.read(tmp_path / "state.json").image("app").tags == ("half",)


def test_every_step_has_its_time_and_how_it_ended(tmp_path: Path) -> None:
    steps = [
        Recorded("build", []),
        Recorded("scan", [], verdict("fail")),
        Recorded("push", []),
        Recorded("sarif", [], failing(ToolError("disk full"))),
    ]
    journal = pipeline.Journal(tmp_path / "state.json", EMPTY)
    with pytest.raises(VerdictError):
        pipeline.run(steps, journal, images=["app"], progress=Silent())  # type: ignore[arg-type]
    assert [(t.step, t.outcome) for t in journal.times] == [
        ("build", "done"),
        ("scan", "refused"),
        ("push", "left out"),
        ("sarif", "failed"),
    ]
    assert [t.began for t in journal.times] == sorted(t.began for t in journal.times)
    assert all(t.seconds >= 0 for t in journal.times)
