"""Lines of tools made harmless: no control byte, no escape sequence, no CI system's command."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.model.text import neutralise


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain text", "plain text"),
        ("a\tb", "a\tb"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.test\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("::error::boom", ": :error::boom"),
        ("  ::set-output name=x::y", "  : :set-output name=x::y"),
        ("\x1b[1m::add-mask::x", ": :add-mask::x"),
        ("title ::warning::x", "title : :warning::x"),
        ("::", ": :"),
        ("##[group]x", "# #[group]x"),
        ("a ##vso[task.setvariable]x", "a # #vso[task.setvariable]x"),
        ("section_start:1:x\r\x1b[0K", "section_start:1:x"),
        ("std::string", "std::string"),
        ("addr [::1]:80", "addr [::1]:80"),
        ("# ## heading", "# ## heading"),
        ("a\x00b\x9bc\u202ed\u2028e", "abcde"),
    ],
)
def test_lines(line: str, shown: str) -> None:
    assert neutralise(line) == shown


@given(st.text() | st.text("\x1b[]:#;0m errovs", max_size=40))
def test_nothing_active_is_left(line: str) -> None:
    shown = neutralise(line)
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]|##\w*\[", shown)
    assert not shown.lstrip().startswith("::")
    assert not re.search(r"\s::[A-Za-z]", shown)
