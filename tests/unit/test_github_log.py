"""What GitHub's runner makes of our log."""

from __future__ import annotations

import base64
import io
import random
import re
import threading
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.ci.github import GitHub
from ci_toolkit.ci.github_commands import LONGEST_MESSAGE
from ci_toolkit.ci.github_log import GitHubLog
from ci_toolkit.errors import VerdictError
from ci_toolkit.model.annotation import Annotation
from ci_toolkit.redact import Redactor
from tests.harness.github_runner import read_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = [
    "::set-output name=digest::sha256:evil",
    "  ::add-mask::a",
    "##[set-env name=PATH]/tmp",
    "a title ##[error]in the middle",
    "two\n::error::lines",
    "%0A::error::escaped",
    "\x1b[0m::warning::behind a colour",
    "\u2028::notice::behind a line separator",
    "::stop-commands::known",
    "::endgroup::",
]


class Heard:
    """A log, and what it holds so far."""

    def __init__(self, **options: bool) -> None:
        self.stream, self.redact = io.StringIO(), Redactor()
        self.progress = GitHubLog(self.stream, self.redact, **options)

    def read(self) -> str:
        self.progress.settle()
        return self.stream.getvalue()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("say", ["info", "tool", "debug"])
def test_nothing_that_is_said_is_a_command(text: str, say: str) -> None:
    heard = Heard(verbose=True)
    getattr(heard.progress, say)(text)
    assert read_log(heard.read()).commands == []


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_remark_or_title_is_one_command(text: str) -> None:
    heard = Heard()
    with heard.progress.stage(text):
        heard.progress.warn(text)
        heard.progress.annotate(Annotation(level="error", message=text, title=text, file=text, line=3))
    assert [each.name for each in read_log(heard.read()).commands] == ["group", "warning", "error", "endgroup"]


def test_a_place_is_told_as_far_as_it_is_known(heard: Heard) -> None:
    for place in (
        {"file": "deploy/a.yaml", "line": 3, "column": 7},
        {"file": "deploy/a.yaml", "column": 7},
        {"line": 3, "column": 7},
    ):
        heard.progress.annotate(Annotation(level="notice", message="m", **place))
    assert [each.properties for each in read_log(heard.read()).annotations("notice")] == [
        {"file": "deploy/a.yaml", "line": "3", "col": "7"},
        {"file": "deploy/a.yaml"},
        {},
    ]


def test_tools_speak_while_commands_are_stopped(heard: Heard) -> None:
    heard.progress.tool("first")
    heard.progress.tool("second")
    heard.progress.info("ours")
    heard.progress.warn("look")
    heard.progress.tool("third")
    lines = heard.read().splitlines()
    token, other = lines[0].removeprefix("::stop-commands::"), lines[6].removeprefix("::stop-commands::")
    assert lines == [
        f"::stop-commands::{token}",
        "  | first",
        "  | second",
        "ours",
        f"::{token}::",
        "::warning::look",
        f"::stop-commands::{other}",
        "  | third",
        f"::{other}::",
    ]
    assert len({token, other}) == 2


def test_groups_do_not_nest(heard: Heard) -> None:
    with heard.progress.stage("build"):
        heard.progress.info("one")
        with heard.progress.stage("inner"):
            heard.progress.tool("two")
    with heard.progress.stage("tag"):
        pass
    assert read_log(heard.read()).groups == [("build", ["one", "inner", "  | two"]), ("tag", [])]


def test_a_group_is_closed_by_a_failure(heard: Heard) -> None:
    def fail() -> None:
        with heard.progress.stage("build"):
            heard.progress.tool("trouble")
            message = "no"
            raise VerdictError(message)

    with pytest.raises(VerdictError):
        fail()
    assert [title for title, _ in read_log(heard.read()).groups] == ["build"]


def test_quiet_leaves_warnings_alone() -> None:
    heard = Heard(quiet=True)
    with heard.progress.stage("build"):
        heard.progress.info("one")
        heard.progress.tool("two")
        heard.progress.warn("look")
    assert heard.read() == "::warning::look\n"


def test_ten_of_a_level_then_lines_and_always_room_for_the_failure(heard: Heard) -> None:
    for number in range(12):
        heard.progress.annotate(Annotation(level="error", message=f"e{number}", file="a.yaml", line=number + 1))
        heard.progress.warn(f"w{number}")
    heard.progress.failed("the failure")
    log = read_log(heard.read())
    assert [each.data for each in log.annotations("error")] == [*(f"e{n}" for n in range(9)), "the failure"]
    assert [each.data for each in log.annotations("warning")] == [f"w{n}" for n in range(10)]
    assert log.lines == [
        "error: a.yaml:10: e9",
        "error: a.yaml:11: e10",
        "warning: w10",
        "error: a.yaml:12: e11",
        "warning: w11",
    ]


@pytest.mark.parametrize("letter", ["x", "€", "😀"])
def test_a_message_over_the_limit_is_cut_and_stands_in_the_log_as_a_whole(heard: Heard, letter: str) -> None:
    message = letter * (LONGEST_MESSAGE + 1)
    heard.progress.failed(message)
    log = read_log(heard.read())
    (shown,) = log.annotations("error")
    assert shown.data.removesuffix("…") == letter * (len(shown.data) - 1)
    assert len(shown.data) >= LONGEST_MESSAGE // 2 - 1
    assert log.lines == [f"error: {message}"]


def test_the_longest_message_there_may_be_is_whole(heard: Heard) -> None:
    heard.progress.failed("x" * LONGEST_MESSAGE)
    log = read_log(heard.read())
    assert (len(log.annotations("error")[0].data), log.lines) == (LONGEST_MESSAGE, [])


def test_every_form_of_a_secret_is_masked_before_it_can_be_said() -> None:
    stream, redact = io.StringIO(), Redactor()
    redact.add("known-before")
    log = GitHubLog(stream, redact)
    redact.add("p@ss,word%", user="ci")
    log.info("p@ss,word%")
    read = read_log(stream.getvalue())
    assert {"known-before", "p@ss,word%", base64.b64encode(b"ci:p@ss,word%").decode()} <= set(read.masks)
    assert read.lines == ["***"]
    assert stream.getvalue().splitlines()[-1] == "***"


def test_a_mask_between_tools_lines_is_obeyed(heard: Heard) -> None:
    heard.progress.tool("one")
    heard.redact.add("a-token-got-during-the-run")
    heard.progress.tool("two")
    assert "a-token-got-during-the-run" in read_log(heard.read()).masks


def test_a_secret_of_several_lines_is_masked_line_by_line(heard: Heard) -> None:
    heard.redact.add('{\n  "private_key": "abcdefgh",\n  "n": 1\n}\n')
    masks = read_log(heard.read()).masks
    assert '  "private_key": "abcdefgh",' in masks
    assert not any("\n" in mask for mask in masks)
    assert not {"{", "}", '  "n": 1', '"n": 1'} & set(masks)


def test_what_is_too_short_or_known_is_not_masked_again(heard: Heard) -> None:
    heard.redact.add("abc")
    assert heard.read() == ""
    heard.redact.add("hunter2")
    first = heard.read()
    heard.redact.add("hunter2")
    assert heard.read() == first


def test_no_mask_goes_into_a_file(tmp_path: Path) -> None:
    redact = Redactor()
    with (tmp_path / "log").open("w") as stream:
        log = GitHubLog(stream, redact)
        redact.add("hunter2-secret")
        log.info("hunter2-secret")
    assert (tmp_path / "log").read_text() == "***\n"


def test_a_secret_in_a_place_or_title_is_hidden(heard: Heard) -> None:
    heard.redact.add("hunter2-secret")
    heard.progress.annotate(
        Annotation(level="error", message="m", title="hunter2-secret", file="a/hunter2-secret.yaml")
    )
    assert [each.properties for each in read_log(heard.read()).annotations("error")] == [
        {"title": "***", "file": "a/***.yaml"}
    ]


def test_many_threads_never_mix_their_lines_and_commands(heard: Heard) -> None:
    def work(number: int) -> None:
        mine = random.Random(number)
        says: list[Callable[[str], None]] = [
            heard.progress.info,
            heard.progress.tool,
            heard.progress.warn,
            heard.redact.add,
        ]
        for turn in range(60):
            mine.choice(says)(f"line {number} {turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = read_log(heard.read())
    assert len(log.annotations("warning")) == 10
    assert len(log.lines) > 200
    assert all(re.fullmatch(r"(  \| |warning: )?(line \d \d+|\*\*\*\d*)", line) for line in log.lines)


def test_debug_logging_shows_details_and_no_quiet() -> None:
    stream = io.StringIO()
    GitHub({"RUNNER_DEBUG": "1"}).progress(stream, Redactor(), quiet=True, verbose=False).debug("a detail")
    assert stream.getvalue() == "a detail\n"
