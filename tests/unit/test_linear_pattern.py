"""A user's pattern matches as Python's does, takes no longer for being wicked, and is refused where it must be."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("(a", "without its )"),
        ("a)", "without its ("),
        ("*a", "isn't understood"),
        ("a**", "repetition is repeated"),
        ("a*+", "repetition is repeated"),
        ("(a*)*", "may be empty"),
        ("(?:|a)+", "may be empty"),
        ("^*", "may be empty"),
        (r"(a)\1", "isn't understood"),
        ("(?=a)", "only (?:"),
        ("(?P<name>a)", "only (?:"),
        ("[z-a]", "bad character range"),
        ("[a", "isn't understood"),
        ("a{3,2}", "from more to fewer"),
        ("a{", "isn't understood"),
        ("a{999}b{999}", "repeats too much"),
        ("(" * 30 + "a" + ")" * 30, "too many groups"),
        ("a" * 201, "more than 200 characters"),
        ("\\", "isn't understood"),
        (r"\Qa", "isn't understood"),
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


_ATOMS = st.sampled_from(["a", "b", "-", ".", "[ab]", "[^a]", r"\d", r"\w", r"\.", "1"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds(
            "(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?", "??"])
        ),
        st.builds("{}|{}".format, inner, inner),
        st.builds("{}{}".format, inner, inner),
        st.builds("^{}".format, inner),
        st.builds("{}$".format, inner),
    ),
    max_leaves=8,
)


@given(pattern=_PATTERNS, text=st.text("ab1.-", max_size=12))
def test_it_finds_what_python_finds(pattern: str, text: str) -> None:
    try:
        compiled = LinearPattern(pattern)
    except UsageError as error:
        assert "may be empty" in error.message  # noqa: PT017 the one thing here that Python takes
        return
    expected = re.search(pattern, text, re.ASCII)
    assert compiled.search(text) == ((expected[0], *expected.groups()) if expected else None)
