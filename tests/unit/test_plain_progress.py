"""What a log gets to read."""

from __future__ import annotations

import io

from ci_toolkit.ci.plain import PlainProgress, human
from ci_toolkit.redact import Redactor


class Clock:
    """Time that moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_long_task_gives_a_sign_of_life_and_its_time() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = PlainProgress(stream, Redactor(), clock=clock)
    with progress.task("push app", total=4_000_000) as task:
        task.advance(1_000_000)
        clock.now = 11
        task.advance(1_000_000)
        clock.now = 12
        task.advance(2_000_000)
    assert stream.getvalue().splitlines() == [
        "push app …",
        "push app: 50 % after 11 s (2.0 MB)",
        "push app: done in 12.0 s (4.0 MB)",
    ]


def test_quiet_leaves_warnings() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream, Redactor(), quiet=True)
    progress.info("built")
    progress.tool("#1 [internal]")
    progress.warn("the database is old")
    assert stream.getvalue() == "warning: the database is old\n"


def test_every_line_is_redacted() -> None:
    stream, redact = io.StringIO(), Redactor()
    redact.add("hunter2")
    PlainProgress(stream, redact).tool("password hunter2")
    assert "hunter2" not in stream.getvalue()


def test_amounts_as_people_read_them() -> None:
    assert [
        human(5),
        human(12_345),
        human(12_345_678),
        human(3_210_000_000),
        human(4, "files"),
        human(1, "files"),
    ] == [
        "5 B",
        "12.3 kB",
        "12.3 MB",
        "3.2 GB",
        "4 files",
        "1 file",
    ]
