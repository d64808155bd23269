"""Titles, names and paths from outside: they can say what they like and do nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.report.plain import markdown, plain, web_address

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.test\x07click\x1b]8;;\x07",
    "a\n::add-mask::x\n::error file=a::b",
    "##[error]boom",
    "a\r\nb\x00c\x9bd",
    "\u202egnirts\u2066",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_control_byte_and_no_command_is_left(text: str) -> None:
    line = plain(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|(^|\s)::[a-z]|##\[", line)


@given(st.text())
def test_any_text_becomes_one_line_within_its_limit(text: str) -> None:
    line = plain(text, 40)
    assert len(line) <= 40
    assert len(line.splitlines()) <= 1


@given(st.text())
def test_no_markdown_and_no_html_is_left(text: str) -> None:
    escaped = markdown(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]()|#!~$@]", re.sub(r"&#39;", "", escaped))
    assert not re.search(r"[<>\"']", escaped)


def test_markdown_shows_what_was_written() -> None:
    assert markdown("<img src=x> [a](b) `c` & *d*") == (r"&lt;img src=x&gt; \[a\]\(b\) \`c\` &amp; \*d\*")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://avd.aquasec.com/nvd/cve-2019-11324", True),
        ("http://example.com:8080/a?b=c#d", True),
        ("javascript:alert(1)", False),
        ("https://example.com/a)b", False),
        ("https://user:pass@example.com/", False),
        ("https://example.com/\n", False),
        ("", False),
    ],
)
def test_only_plain_web_addresses_become_links(text: str, kept: bool) -> None:
    assert web_address(text) == (text if kept else "")


def test_no_list_begins() -> None:
    assert [markdown(text) for text in ("1.", "10. x", "1.2 x", "a 1. b")] == ["1\\.", "10\\. x", "1.2 x", "a 1. b"]
