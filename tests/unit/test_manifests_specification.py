"""The inputs that every pin has to get right, by number: a golden each, or a test where a golden can't say it."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
BY_GOLDEN = (*range(1, 25), 27)
BY_TEST = {
    4: ("unit/test_pin.py", "test_a_second_run_touches_nothing_and_still_tells_every_place"),
    9: ("unit/test_manifests_golden.py", "test_every_place_that_uses_an_anchor_is_told"),
    10: ("unit/test_manifests_golden.py", "test_an_alias_shared_with_a_place_that_is_no_image_is_refused_naming_both"),
    18: ("unit/test_manifests_golden.py", "test_the_documents_index_counts_empty_documents"),
    24: ("unit/test_manifests_golden.py", "test_what_was_left_alone_is_told_with_the_reason"),
    25: ("contract/test_pin_places.py", "test_files_that_cannot_be_read_leave_all_others_as_they_are"),
    26: ("contract/test_pin_tags.py", "test_a_tag_that_points_elsewhere_fails_and_nothing_is_written"),
    28: ("unit/test_manifests_hostile.py", "test_bombs"),
}


@pytest.mark.parametrize("number", BY_GOLDEN)
def test_a_golden_shows_it(number: int) -> None:
    assert list((TESTS / "golden" / "pin").rglob(f"{number:02}-*.in.*"))


@pytest.mark.parametrize("number", BY_TEST)
def test_a_test_shows_it(number: int) -> None:
    module, name = BY_TEST[number]
    assert f"def {name}(" in (TESTS / module).read_text(encoding="utf-8")
