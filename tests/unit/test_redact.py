"""Secrets leave in no encoding."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.redact import Redactor

SECRET = 'p@ss/w"örd+42'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        base64.b64encode(f"ci:{SECRET}".encode()).decode(),
    ],
)
def test_every_form_is_replaced(form: str) -> None:
    redact = Redactor()
    redact.add(SECRET, user="ci")
    assert redact(f"before {form} after") == "before *** after"


def test_each_line_of_a_long_secret_is_one() -> None:
    redact = Redactor()
    redact.add("-----BEGIN KEY-----\nabcdefghijkl\n-----END KEY-----\n")
    assert "abcdefghijkl" not in redact("the key's middle is abcdefghijkl")


def test_a_secret_inside_another_leaves_nothing_of_the_longer_one() -> None:
    redact = Redactor()
    redact.add("hunter2")
    redact.add("hunter2-and-more")
    assert redact("hunter2-and-more") == "***"


def test_what_is_too_short_to_be_secret_stays() -> None:
    redact = Redactor()
    redact.add("a")
    assert redact("a banana") == "a banana"


@given(st.text(min_size=4, max_size=40))
def test_no_secret_survives(secret: str) -> None:
    redact = Redactor()
    redact.add(secret)
    assert redact(f"<{secret}>") == "<***>"
