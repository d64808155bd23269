"""Edits by span, the proof that nothing else changed, and the diff."""

from __future__ import annotations

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.manifests.base import Edit, Part
from ci_toolkit.manifests.diff import unified_diff
from ci_toolkit.manifests.edit import apply
from ci_toolkit.manifests.verify import same_but

TEXT = "a: one # note\nb: 'two'\nc: &x [three, *x]\n"


def edit(old: str, new: str, text: str = TEXT) -> Edit:
    start = text.index(old)
    return Edit(Part(holds="reference", start=start, end=start + len(old), value=old), new)


def test_edits_are_applied_in_any_order_and_each_once() -> None:
    edits = [edit("three", "3"), edit("one", "first"), edit("one", "first")]
    assert apply(TEXT, edits) == "a: first # note\nb: 'two'\nc: &x [3, *x]\n"


def test_no_edit_changes_nothing() -> None:
    assert apply(TEXT, []) == TEXT


def test_two_wishes_for_the_same_characters_are_refused() -> None:
    with pytest.raises(IntegrityError, match="two edits"):
        apply(TEXT, [edit("one", "1"), edit("one", "2")])


def test_the_edited_text_is_accepted() -> None:
    edits = [edit("one", "1"), edit("two", "2")]
    same_but(TEXT, apply(TEXT, edits), edits)


@pytest.mark.parametrize(
    "after",
    [
        "a: 1 # note\nb: 'too'\nc: &x [three, *x]\n",
        'a: 1 # note\nb: "two"\nc: &x [three, *x]\n',
        "a: 1 # note\nb: 'two'\nc: &y [three, *y]\n",
        "a: 1 # note\nb: 'two'\nc: &x [three, *x]\nd: 4\n",
        "a: 1 # note\nb: 'two'\n",
        "a: 1 # note\nb: 'two'\nc: &x\n- three\n- *x\n",
        "a: !!str 1 # note\nb: 'two'\nc: &x [three, *x]\n",
        "a: one # note\nb: 'two'\nc: &x [three, *x]\n",
        "--- \na: 1 # note\nb: 'two'\nc: &x [three, *x]\n",
        "a: 1: 2\n",
    ],
)
def test_any_other_change_of_meaning_is_refused(after: str) -> None:
    with pytest.raises(IntegrityError):
        same_but(TEXT, after, [edit("one", "1")])


def test_an_edit_that_hits_no_value_is_refused() -> None:
    wished = edit("note", "word")
    with pytest.raises(IntegrityError):
        same_but(TEXT, apply(TEXT, [wished]), [wished])


def test_the_diff_is_one_that_git_applies() -> None:
    old, new = b"a\r\nb\xe2\x80\xa8b\nc", b"a\r\nB\xe2\x80\xa8b\nc"
    assert unified_diff("deploy/x.yaml", old, new) == (
        "--- a/deploy/x.yaml\n+++ b/deploy/x.yaml\n@@ -1,3 +1,3 @@\n a\r\n-b\u2028b\n+B\u2028b\n c\n"
        "\\ No newline at end of file\n"
    )


def test_no_change_is_no_diff() -> None:
    assert unified_diff("x.yaml", b"a\n", b"a\n") == ""


def added(key: str, new: str, behind: str, template: str) -> Edit:
    end = TEXT.index(behind) + len(behind)
    return Edit(Part(holds="digest", start=end, end=end, template=template, adds=key), new)


def test_a_key_that_is_added_is_the_only_news() -> None:
    edits = [edit("one", "1"), added("d", "four", "'two'", "\nd: {}"), edit("three", "3")]
    after = apply(TEXT, edits)
    assert after == "a: 1 # note\nb: 'two'\nd: four\nc: &x [3, *x]\n"
    same_but(TEXT, after, edits)


@pytest.mark.parametrize("template", ["\ne: {}", "\nd: {}x", "\nd: {}\ne: 1", "\nd: [{}]", " # {}"])
def test_a_key_that_is_added_as_something_else_is_refused(template: str) -> None:
    edits = [added("d", "four", "'two'", template)]
    with pytest.raises(IntegrityError):
        same_but(TEXT, apply(TEXT, edits), edits)


@pytest.mark.parametrize(
    "value", ["1.10", "0123", "on", "~", "1e3", "12e4", "0x1f", "2026-11-27", "12:30", "@sha256:1", ".5", "1_000"]
)
def test_what_would_be_no_text_is_quoted(value: str) -> None:
    part = Part(holds="tag", start=3, end=6, value="one", plain=True)
    assert Edit(part, value).text == f'"{value}"'
    same_but(TEXT, apply(TEXT, [Edit(part, value)]), [Edit(part, value)])


@pytest.mark.parametrize("value", ["v1.10", "1.10-alpine", "1.2.3", "sha-1f", "one", "1.10@sha256:1f"])
def test_what_is_text_gets_no_quotes(value: str) -> None:
    assert Edit(Part(holds="tag", start=3, end=6, value="one", plain=True), value).text == value
