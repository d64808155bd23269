"""Paths as a config writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.errors import UsageError
from ci_toolkit.model.field_path import Every, parse_field_path, shown_field_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("image", ("image",)),
        ("spec.image", ("spec", "image")),
        ("spec.containers[*].image", ("spec", "containers", Every.ITEM, "image")),
        ("jobs.*.image", ("jobs", Every.KEY, "image")),
        ("[*].a[*][*]", (Every.ITEM, "a", Every.ITEM, Every.ITEM)),
        ("*", (Every.KEY,)),
        ("data.'a.b/c'", ("data", "a.b/c")),
        ("'it''s'.'*'.'[*]'", ("it's", "*", "[*]")),
        ("a/b.c-d.é", ("a/b", "c-d", "é")),
    ],
)
def test_paths(text: str, path: tuple[str | Every, ...]) -> None:
    assert parse_field_path(text) == path
    assert shown_field_path(path) == text


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a[0]", "a[]", "a.[*]", "a*", "'a", "a'b'", "a b", 'a."b"', "''", "a[*]b",
             "a]", ".".join("a" * 65)]
)  # fmt: skip
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_field_path(text)
    assert "`[*]` for every item" in caught.value.hint


@given(st.lists(st.one_of(st.text(min_size=1), st.sampled_from(Every)), min_size=1, max_size=8))
def test_every_path_can_be_written(path: list[str | Every]) -> None:
    assert parse_field_path(shown_field_path(tuple(path))) == tuple(path)
