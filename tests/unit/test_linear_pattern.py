"""A user's pattern finds what it says, takes no longer for being wicked, and is refused where it must be."""

from __future__ import annotations

import time

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.model.linear_pattern import LinearPattern


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"v(.*)", "v2.0.8-beta.67", ("v2.0.8-beta.67", "2.0.8-beta.67")),
        (r"\d.\d.\d", "v1.2.3", ("1.2.3",)),
        (r"^backend-v(\d+)\.(\d+)(?:\.(\d+))?$", "backend-v1.20", ("backend-v1.20", "1", "20", None)),
        (r"v(\d.\d.\d)$", "p1/v1.2.3", ("v1.2.3", "1.2.3")),
        (r"^\d+", "20200110-RC2", ("20200110",)),
        (r"(?i)rc(\d{1,2})", "20200110-RC23", ("RC23", "23")),
        (r"a+?", "aaa", ("a",)),
        (r"(a|ab)(c|bcd)", "abcd", ("abcd", "a", "bcd")),
        (r"[^/]+/[a-c\]\-.]{2,}", "x/a-]d", ("x/a-]",)),
        (r"", "abc", ("",)),
        (r"x|", "abc", ("",)),
        (r"^v", "av", None),
        (r"v$", "va", None),
        (r"(?:^a)*$", "bb", ("",)),
        (r".*", "a" * 1001, None),
    ],
)
def test_it_finds(pattern: str, text: str, found: tuple[str | None, ...] | None) -> None:
    assert LinearPattern(pattern).search(text) == found


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("(a", "missing )"),
        ("a)", "unexpected )"),
        ("*a", "no argument for repetition"),
        ("a**", "bad repetition operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("(?=a)", "invalid perl operator"),
        ("[z-a]", "invalid character class range"),
        ("(?:a{100}){100}", "invalid repetition size"),
        ("a" * 201, "more than 200 characters"),
        ("\\", "trailing"),
    ],
)
def test_it_refuses(pattern: str, fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        LinearPattern(pattern)
    assert fault in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(a|a)*b", ".*.*.*.*.*.*.*.*x", "(?:a?){1}a?a?a?a?a?a?a?a?a?b", "(.+)+=(.+)+$"]
)
def test_a_wicked_pattern_takes_no_longer(pattern: str) -> None:
    compiled = LinearPattern(pattern)
    started = time.process_time()
    assert compiled.search("a" * 999 + "!") is None
    assert time.process_time() - started < 2
