"""Annotations as commands of GitHub's: escaped, in order, beside their lines."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.ci.github import GitHub
from ci_toolkit.ci.github_commands import command
from ci_toolkit.ci.platform import Published
from ci_toolkit.errors import ConfigError, UsageError, VerdictError
from ci_toolkit.model.annotation import Annotation
from ci_toolkit.redact import Redactor
from tests.harness.github_runner import read_log

if TYPE_CHECKING:
    from pathlib import Path

WORDS = st.text(min_size=1).filter(lambda text: text == text.strip())


@given(st.text(), WORDS, WORDS)
def test_what_is_escaped_comes_back(data: str, title: str, file: str) -> None:
    line = command("error", data, title=title, file=file)
    assert "\n" not in line
    assert "\r" not in line
    (found,) = read_log(f"::group::g\n{line}\n::endgroup::").annotations("error") if data.strip() else [None]
    assert found is None or (found.data, found.properties) == (data, {"title": title, "file": file})


def test_properties_are_escaped_beyond_data() -> None:
    assert command("error", "50 %: a,b\n", title="x: y, 5 %", file="", line=None) == (
        "::error title=x%3A y%2C 5 %25::50 %25: a,b%0A"
    )


def test_errors_come_first_whatever_was_found_first() -> None:
    stream, platform = io.StringIO(), GitHub({})
    platform.progress(stream, Redactor(), quiet=False, verbose=False)
    remarks = [Annotation(level="notice", message=f"n{n}") for n in range(30)]
    remarks += [Annotation(level="error", message=f"e{n}") for n in range(20)]
    platform.publish(Published(annotations=remarks))
    assert platform.announce(VerdictError("the gate refuses app", hint="upgrade it"), stream)
    errors = [each.data for each in read_log(stream.getvalue()).annotations("error")]
    assert errors == [*(f"e{n}" for n in range(9)), "the gate refuses app\nnext: upgrade it"]
    assert stream.getvalue().startswith("::error::e0\n")


def test_each_violation_of_a_config_is_beside_its_line(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    file = tmp_path / "deploy" / ".ci-toolkit.yml"
    file.parent.mkdir()
    file.touch()
    violations = [f"{file}:{n}:5: images.app.tag: a number: quote it" for n in range(1, 13)]
    stream = io.StringIO()
    GitHub({}).announce(ConfigError("12 things are wrong", violations=violations), stream)
    log = read_log(stream.getvalue())
    assert [each.properties for each in log.annotations("error")[:2]] == [
        {"file": "deploy/.ci-toolkit.yml", "line": "1", "col": "5"},
        {"file": "deploy/.ci-toolkit.yml", "line": "2", "col": "5"},
    ]
    assert log.annotations("error")[0].data == "images.app.tag: a number: quote it"
    assert log.annotations("error")[-1].data == "12 things are wrong"
    assert len(log.annotations("error")) == 10
    assert len(log.lines) == 3


def test_a_failure_before_there_was_a_log_is_announced() -> None:
    stream = io.StringIO()
    assert GitHub({}).announce(UsageError("there is no step 'x'"), stream)
    assert stream.getvalue() == "::error::there is no step 'x'\n"
