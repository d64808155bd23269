"""Pushing to several registries: at once, in any order of finishing, with some of them failing."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit import state as states
from ci_toolkit.errors import IntegrityError, RemoteError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.registry.crew import in_lanes
from ci_toolkit.state import Pushed
from tests.harness.push_step import REPOSITORIES, PushBench
from tests.harness.pushing import TAGS, destinations, sample_image

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 20
"""Seconds that one thread waits for another at most; none is expected to."""


@pytest.fixture
def bench(tmp_path: Path) -> PushBench:
    return PushBench(tmp_path, *sample_image(tmp_path / "layout"))


def test_a_failing_registry_stops_no_other_and_what_succeeded_is_kept(bench: PushBench) -> None:
    bench.publisher.failing[REPOSITORIES[0]] = RemoteError("ghcr.io is down")
    with pytest.raises(RemoteError, match=r"ghcr\.io is down"):
        bench.step().run(bench.state())
    assert [destination for destination, _, _ in bench.publisher.pushed] == [REPOSITORIES[1]]
    kept = bench.saved[-1]
    assert kept.image("app").references == ("example.com/app:1.0", "example.com/app:latest")
    assert "ghcr.io is down" in bench.progress.of("warn")[0]
    bench.publisher.failing.clear()
    assert len(bench.step().run(kept).image("app").references) == 4


def test_several_failures_are_told_together_the_worst_decides(bench: PushBench) -> None:
    bench.publisher.failing = {REPOSITORIES[0]: RemoteError("is down"), REPOSITORIES[1]: IntegrityError("lies")}
    with pytest.raises(IntegrityError, match=r"acme/app: is down; app → example.*: lies"):
        bench.step().run(bench.state())


def test_earlier_pushes_of_another_digest_or_elsewhere_are_forgotten(bench: PushBench) -> None:
    other = Pushed(repository=REPOSITORIES[0], digest=Digest.of(b"old"), tags=("0.9",))
    gone = Pushed(repository="old.example.com/app", digest=bench.image.digest, tags=TAGS)
    bench.publisher.failing = dict.fromkeys(REPOSITORIES, RemoteError("is down"))
    with pytest.raises(RemoteError):
        bench.step().run(bench.state(pushed=(other, gone), references=("ghcr.io/acme/app:0.9",)))
    assert bench.saved[-1].image("app").references == ()


def test_hosts_are_pushed_to_at_once(bench: PushBench) -> None:
    """Each waits for the other in mid-push."""
    meeting = threading.Barrier(2)
    bench.publisher.meet = lambda _: meeting.wait(PATIENCE)
    state = bench.step().run(bench.state())
    assert len(state.image("app").pushed) == 2


def test_repositories_of_one_host_come_one_after_the_other_in_the_configs_order(bench: PushBench) -> None:
    inside: list[str] = []
    together: list[int] = []

    def meet(destination: str) -> None:
        inside.append(destination)
        together.append(len(inside) - len(bench.publisher.pushed))

    bench.publisher.meet = meet
    to = [f"ghcr.io/acme/{name}" for name in ("z", "a", "m")]
    bench.step(to=to, images=("app",)).run(bench.state())
    assert [destination for destination, _, _ in bench.publisher.pushed] == to
    assert together == [1, 1, 1]


@pytest.mark.parametrize("late", REPOSITORIES)
def test_the_state_does_not_depend_on_who_is_faster(bench: PushBench, late: str) -> None:
    other_is_done = threading.Event()

    def meet(destination: str) -> None:
        if destination == late:
            assert other_is_done.wait(PATIENCE)

    def save(state: states.State) -> None:
        if state.image("app").pushed:
            other_is_done.set()

    bench.publisher.meet = meet
    bench.on_save = save
    document = states.as_json(bench.step().run(bench.state()))["images"]["app"]
    assert [pushed["repository"] for pushed in document["pushed"]] == sorted(REPOSITORIES)
    assert document["references"] == [f"{name}:{tag}" for name in sorted(REPOSITORIES) for tag in TAGS]


def test_the_state_is_kept_by_one_thread(bench: PushBench) -> None:
    bench.step(images=("app",)).run(bench.state())
    assert bench.savers == {threading.get_ident()}
    assert len(bench.saved) == 3


def test_a_failure_is_kept_in_the_state_and_gone_on_success(bench: PushBench) -> None:
    bench.redact.add("canary-5Wq8")
    bench.publisher.failing[REPOSITORIES[0]] = RemoteError("PUT: 500 with canary-5Wq8")
    with pytest.raises(RemoteError) as caught:
        bench.step().run(bench.state())
    assert caught.value.exit_code == 4
    kept = bench.saved[-1]
    assert kept.image("app").failed_pushes == {REPOSITORIES[0]: "PUT: 500 with ***"}
    assert [p.repository for p in kept.image("app").pushed] == [REPOSITORIES[1]]
    assert states.from_json(states.as_json(kept)) == kept
    bench.publisher.failing.clear()
    again = bench.step().run(kept).image("app")
    assert again.failed_pushes == {}
    assert len(again.pushed) == 2


def test_a_push_forgets_what_failed_before_it(bench: PushBench) -> None:
    bench.step().run(bench.state(failed_pushes={"old.example.com/app": "was down", REPOSITORIES[0]: "too"}))
    assert [state.image("app").failed_pushes for state in bench.saved] == [{}, {}, {}]


def test_failures_are_told_in_the_configs_order(bench: PushBench) -> None:
    first_failed = threading.Event()

    def meet(destination: str) -> None:
        if destination == REPOSITORIES[0]:
            assert first_failed.wait(PATIENCE)

    bench.on_save = lambda state: first_failed.set() if state.image("app").failed_pushes else None
    bench.publisher.meet = meet
    bench.publisher.failing = {name: RemoteError(f"{name} is down", hint="wait") for name in REPOSITORIES}
    with pytest.raises(RemoteError) as caught:
        bench.step().run(bench.state())
    assert caught.value.message == "; ".join(f"app → {name}: {name} is down" for name in REPOSITORIES)
    assert caught.value.hint == "wait"
    assert list(bench.saved[-1].image("app").failed_pushes) == sorted(REPOSITORIES)


def test_immutable_tags_come_first_and_moving_ones_last(bench: PushBench) -> None:
    tags = ("latest", "main", "1.2.3", "sha-abc", "x")
    state = bench.state(tags=tags, moving_tags=("latest", "main", "gone"), immutable_tags=("sha-abc", "1.2.3"))
    after = bench.step(to=REPOSITORIES[:1]).run(state).image("app")
    assert bench.publisher.pushed[0][2] == ("1.2.3", "sha-abc", "x", "latest", "main")
    assert bench.publisher.immutable == {"sha-abc", "1.2.3"}
    assert after.pushed[0].tags == tags
    planned = [a.url.rpartition("/")[2] for a in bench.step(to=REPOSITORIES[:1]).plan(state) if a.method == "PUT"]
    assert planned[-5:] == ["1.2.3", "sha-abc", "x", "latest", "main"]


def test_an_immutable_tag_on_disk_stays(bench: PushBench, tmp_path: Path) -> None:
    with destinations(root=tmp_path) as there:
        step = bench.step(to=("oci:store",), publisher=there)
        step.run(bench.state(immutable_tags=("1.0",)))
        _, other = sample_image(tmp_path / "layout", salt="other")
        state = bench.state(immutable_tags=("1.0",))
        scan = state.image("app").scan
        assert scan
        state = state.with_image("app", digest=other.digest, scan=replace(scan, digest=other.digest))
        with pytest.raises(IntegrityError, match=r"1\.0 is immutable"):
            step.run(state)
        assert Layout(tmp_path / "store").entries()[0].digest == bench.image.digest


def test_a_bug_is_not_taken_for_a_registry_that_fails(bench: PushBench) -> None:
    bench.publisher.failing[REPOSITORIES[0]] = ValueError("a bug")
    with pytest.raises(ValueError, match="a bug"):
        bench.step().run(bench.state())


def test_after_an_error_a_lane_begins_nothing_new() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 2:
            message = "no"
            raise ValueError(message)
        return number

    came: list[int] = []
    with pytest.raises(ValueError, match="no"):
        came.extend(in_lanes(work, [[1, 2, 3]]))
    assert begun == [1, 2]


def test_no_lanes_are_done_at_once() -> None:
    assert list(in_lanes(str, [])) == []
