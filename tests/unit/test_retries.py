"""Trying again: what, how often, after how long."""

from __future__ import annotations

import threading

import pytest

from ci_toolkit.answers import HttpError
from ci_toolkit.retries import Retries, parse_retry_after
from tests.harness.pushing import Naps


class Flaky:
    """Fails with these errors in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def later(**fields: object) -> HttpError:
    return HttpError("busy", temporary=True, **fields)  # type: ignore[arg-type]  # a test's shorthand


def test_a_temporary_error_is_tried_again_and_waits_grow() -> None:
    naps = Naps()
    assert Retries(naps.patience()).run("h", Flaky(later(), later(), later())) == "done"
    assert len(naps.taken) == 3
    assert 0.5 <= naps.taken[0] <= 0.63
    assert naps.taken[0] < naps.taken[1] < naps.taken[2] <= 2.5


def test_another_error_is_not() -> None:
    for error in (HttpError("no", status=400), ValueError("bug")):
        flaky, naps = Flaky(error), Naps()
        with pytest.raises(type(error)):
            Retries(naps.patience()).run("h", flaky)
        assert (flaky.calls, naps.taken) == (1, [])


def test_patience_ends_after_so_many_attempts() -> None:
    flaky = Flaky(*[later() for _ in range(9)])
    with pytest.raises(HttpError):
        Retries(Naps().patience(attempts=3)).run("h", flaky)
    assert flaky.calls == 3


def test_patience_ends_before_the_total_is_passed() -> None:
    naps = Naps()
    flaky = Flaky(*[later(status=429, retry_after="60") for _ in range(99)])
    with pytest.raises(HttpError):
        Retries(naps.patience(attempts=100)).run("h", flaky)
    assert sum(naps.taken) <= 300


def test_a_busy_host_keeps_everybody_waiting_and_others_not() -> None:
    naps = Naps()
    retries = Retries(naps.patience(attempts=1))
    with pytest.raises(HttpError):
        retries.run("busy", Flaky(later(status=429, retry_after="30")))
    assert naps.taken == []
    retries.run("other", Flaky())
    assert naps.taken == []
    retries.run("busy", Flaky())
    assert len(naps.taken) == 1
    assert 30 <= naps.taken[0] <= 38


def test_a_broken_connection_keeps_nobody_else_waiting() -> None:
    naps = Naps()
    retries = Retries(naps.patience(attempts=1))
    with pytest.raises(HttpError):
        retries.run("h", Flaky(later(status=500)))
    retries.run("h", Flaky())
    assert naps.taken == []


def test_threads_may_share_it() -> None:
    retries, results = Retries(Naps().patience()), list[str]()
    work = [
        threading.Thread(target=lambda: results.append(retries.run("h", Flaky(later(status=429))))) for _ in range(8)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert results == ["done"] * 8


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("35.852µs", None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("Tue, 99 Nov 99999 22:13:30 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, 1_700_000_000.0) == seconds
