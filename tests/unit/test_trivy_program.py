"""What of a failing Trivy is heard line by line, and what its error tells: each once, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ToolError
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor
from ci_toolkit.scanners.trivy_commands import Private
from ci_toolkit.scanners.trivy_program import TrivyProgram

if TYPE_CHECKING:
    from pathlib import Path

FATAL = "2026-11-27T21:39:10Z\tFATAL\tFatal error\trun error"


def run(directory: Path, said: str, *, code: int = 1) -> tuple[list[str], str]:
    """What was heard, and the error's message, of a program that says this on standard error."""
    place = Private(directory)
    place.cwd.mkdir()
    (directory / "said").write_text(said, encoding="utf-8")
    heard: list[str] = []
    program = TrivyProgram(runner=SystemRunner({"PATH": "/usr/bin:/bin"}, Redactor()), image="none")
    argv = ("sh", "-c", f"cat ../said >&2; exit {code}")
    try:
        program.run(argv, place, "scan app", timeout=60, on_line=heard.append)
    except ToolError as error:
        return heard, error.message
    return heard, ""


def test_last_words_are_in_the_error_alone(tmp_path: Path) -> None:
    heard, message = run(tmp_path, f"WARN\tslow\n{FATAL}: one:\n\t* GET http://localhost: unknown\n\n\n")
    assert heard == ["WARN\tslow"]
    assert message.count("FATAL") == message.count("* GET") == 1


def test_what_the_error_has_no_room_for_is_heard(tmp_path: Path) -> None:
    lines = [f"reason {number};" for number in range(30)]
    heard, message = run(tmp_path, "\n".join([FATAL, *lines]))
    assert heard == [FATAL, *lines[:10]]
    assert [line for line in lines if line in message] == lines[10:]


def test_a_line_that_the_error_cuts_is_heard_whole_and_once(tmp_path: Path) -> None:
    long = f"{FATAL}: {'x' * 600}: no space left"
    heard, message = run(tmp_path, "\n".join([long, *("reason",) * 30]))
    assert heard.count(long) == 1
    assert "no space left" not in message


@pytest.mark.parametrize("code", [0, 1])
def test_lines_of_another_kind_are_heard_as_ever(tmp_path: Path, code: int) -> None:
    heard, message = run(tmp_path, "INFO\tone\n\nERROR\ttwo\n", code=code)
    assert heard == ["INFO\tone", "", "ERROR\ttwo"]
    assert ("two" in message) is bool(code)


def test_last_words_of_a_run_that_did_well_are_heard(tmp_path: Path) -> None:
    assert run(tmp_path, f"{FATAL}\nafter\n", code=0) == ([FATAL, "after"], "")
