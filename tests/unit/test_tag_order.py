"""Tags in the order people expect."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.model.tag_order import tag_key

ORDERED = (
    "latest",
    "main-9",
    "main-10",
    "sha-0abc123",
    "1",
    "1.2.0-alpha",
    "1.2.0-rc.2",
    "1.2.0-rc.10",
    "1.2.0",
    "v1.9.0",
    "1.10.0",
    "2026.4",
    "20261124",
)


def test_names_then_versions_the_newest_last() -> None:
    for few in (ORDERED, ORDERED[::-1], *permutations(ORDERED[4:9], 3)):
        assert sorted(few, key=tag_key) == sorted(few, key=ORDERED.index)


@given(st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True), unique=True))
def test_any_tags_have_one_order(tags: list[str]) -> None:
    backwards = tags[::-1]
    backwards.sort(key=tag_key)
    assert sorted(tags, key=tag_key) == backwards
