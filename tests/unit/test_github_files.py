"""What a step hands to GitHub's runner by its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_toolkit.ci.github import GitHub
from ci_toolkit.ci.github_files import LARGEST_SUMMARY, append_summary, append_values, summary_room
from ci_toolkit.ci.platform import NoPlatform, Published
from ci_toolkit.ci.platforms import platform_of
from ci_toolkit.errors import ToolError
from ci_toolkit.redact import Redactor
from tests.harness.github_runner import read_values

if TYPE_CHECKING:
    from pathlib import Path


@given(st.dictionaries(st.sampled_from(["digest", "tags", "findings"]), st.text().map(lambda t: t.replace("\0", ""))))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_value_arrives_as_it_is(tmp_path: Path, values: dict[str, str]) -> None:
    file = tmp_path / "output"
    file.unlink(missing_ok=True)
    append_values({"GITHUB_OUTPUT": str(file)}, "GITHUB_OUTPUT", values)
    assert (read_values(file) if values else {}) == values


def test_no_value_can_set_another(tmp_path: Path) -> None:
    file = tmp_path / "output"
    hostile = "x\nci-toolkit-0\nEOF\nverdict=pass\nverdict<<EOF\npass\nEOF"
    append_values({"GITHUB_OUTPUT": str(file)}, "GITHUB_OUTPUT", {"verdict": "fail", "tags": hostile})
    assert read_values(file) == {"verdict": "fail", "tags": hostile}


def test_no_delimiter_is_used_twice(tmp_path: Path) -> None:
    file = tmp_path / "env"
    for _ in range(2):
        append_values({"GITHUB_ENV": str(file)}, "GITHUB_ENV", {"a": "1", "b": "2"})
    delimiters = [line.split("<<")[1] for line in file.read_text().splitlines() if "<<" in line]
    assert len(set(delimiters)) == 4
    assert all(len(delimiter) > 32 for delimiter in delimiters)


@pytest.mark.parametrize("before", ["first=1", "first=1\n", "first<<E\n1\nE"])
def test_what_stands_there_stays(tmp_path: Path, before: str) -> None:
    file = tmp_path / "output"
    file.write_text(before)
    append_values({"GITHUB_OUTPUT": str(file)}, "GITHUB_OUTPUT", {"second": "2"})
    assert read_values(file) == {"first": "1", "second": "2"}


def test_nul_is_refused_and_nothing_written(tmp_path: Path) -> None:
    file = tmp_path / "output"
    with pytest.raises(ToolError, match="NUL"):
        append_values({"GITHUB_OUTPUT": str(file)}, "GITHUB_OUTPUT", {"a": "1", "b": "\0"})
    assert not file.exists()


@pytest.mark.parametrize("name", ["", "a=b", "a<<b", "a\nb"])
def test_a_name_that_would_be_read_otherwise_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToolError, match="no name"):
        append_values({"GITHUB_OUTPUT": str(tmp_path / "output")}, "GITHUB_OUTPUT", {name: "x"})


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "gone" / "output"
    with pytest.raises(ToolError, match="gone/output, the file of GITHUB_OUTPUT: No such file"):
        append_values({"GITHUB_OUTPUT": str(missing)}, "GITHUB_OUTPUT", {"a": "1"})
    with pytest.raises(ToolError, match="GITHUB_STEP_SUMMARY"):
        append_summary({"GITHUB_STEP_SUMMARY": str(tmp_path)}, "# a")


def test_outside_of_a_step_nothing_is_written() -> None:
    append_values({}, "GITHUB_OUTPUT", {"a": "1"})
    append_summary({}, "# a")
    assert summary_room({}) == 0


@pytest.mark.parametrize("before", [0, 1, 100_000, LARGEST_SUMMARY - 200, LARGEST_SUMMARY - 5, LARGEST_SUMMARY])
def test_a_summary_is_never_larger_than_github_takes(tmp_path: Path, before: int) -> None:
    file = tmp_path / "summary"
    file.write_text("x" * before)
    append_summary({"GITHUB_STEP_SUMMARY": str(file)}, "| a line of € |\n" * 100_000)
    data = file.read_bytes()
    assert before <= len(data) <= LARGEST_SUMMARY
    assert data.decode().startswith("x" * before)
    if before <= 100_000:
        assert len(data) > LARGEST_SUMMARY - 40
        assert data.decode().endswith("| a line of € |\n\n\n*Cut here: GitHub takes 1 MiB of summary from a step.*\n")


def test_a_summary_of_exactly_the_room_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    file.write_text("before")
    env = {"GITHUB_STEP_SUMMARY": str(file)}
    append_summary(env, "x" * (summary_room(env) - 1) + "\n")
    assert file.stat().st_size == LARGEST_SUMMARY
    assert summary_room(env) == 0


def test_published_values_and_summary_are_redacted(tmp_path: Path) -> None:
    env = {"GITHUB_OUTPUT": str(tmp_path / "o"), "GITHUB_STEP_SUMMARY": str(tmp_path / "s")}
    redact = Redactor()
    redact.add("hunter2-secret")
    platform = GitHub(env)
    with (tmp_path / "log").open("w") as stream:
        platform.progress(stream, redact, quiet=False, verbose=False)
    platform.publish(Published(outputs={"tags": "hunter2-secret"}, summary="# hunter2-secret"))
    assert read_values(tmp_path / "o") == {"tags": "***"}
    assert (tmp_path / "s").read_text() == "# ***\n"


def test_only_a_job_on_github_is_one() -> None:
    assert isinstance(platform_of({"GITHUB_ACTIONS": "true"}), GitHub)
    for env in ({}, {"GITHUB_ACTIONS": "false"}, {"CI": "true"}, {"GITLAB_CI": "false"}):
        assert isinstance(platform_of(env), NoPlatform)
