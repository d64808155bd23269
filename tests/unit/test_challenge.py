"""WWW-Authenticate, as registries write it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.registry.challenge import Challenge, parse_challenges


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ('Basic realm="x"', [Challenge("basic", {"realm": "x"})]),
        ("Basic", [Challenge("basic", {})]),
        (
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ("bearer REALM=x , Service = y", [Challenge("bearer", {"realm": "x", "service": "y"})]),
        (
            'Bearer realm="a", Basic realm="b"',
            [Challenge("bearer", {"realm": "a"}), Challenge("basic", {"realm": "b"})],
        ),
        ('Negotiate, Basic realm="b"', [Challenge("negotiate", {}), Challenge("basic", {"realm": "b"})]),
        (r'Basic realm="a \"quoted\" \\ name"', [Challenge("basic", {"realm": r'a "quoted" \ name'})]),
        ('Bearer realm="one",realm="two"', [Challenge("bearer", {"realm": "one"})]),
        ("", []),
        ("=", []),
        ('Bearer realm="open', [Challenge("bearer", {}), Challenge("realm", {})]),
    ],
)
def test_what_registries_write(header: str, challenges: list[Challenge]) -> None:
    assert list(parse_challenges(header))[: len(challenges)] == challenges


@given(st.text(max_size=200))
def test_anything_is_read_to_an_end(header: str) -> None:
    assert all(challenge.scheme for challenge in parse_challenges(header))


@pytest.mark.parametrize("text", [" " * 100_000, "," * 100_000, 'a="' + "\\" * 100_000, "a=" * 50_000, '"' * 100_000])
def test_hostile_headers_take_no_time(text: str) -> None:
    started = time.monotonic()
    parse_challenges(f"Bearer {text}")
    assert time.monotonic() - started < 1
