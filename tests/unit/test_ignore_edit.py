"""Edits of a file of ignored findings: what isn't meant stays, byte by byte."""

from __future__ import annotations

import pytest

from ci_toolkit.config.ignore_edit import appended, without
from ci_toolkit.errors import UsageError
from ci_toolkit.model.triage_entry import entry

NEW = entry({"id": "CVE-9", "reason": "new"})
TEXT = """\
# Of the platform team.
# Ask before you add.

- id: CVE-1
  reason: first  # really

# The second was hard.
- id: CVE-2
  reason: second
  # still the second

# No entry's.

- id: CVE-3
  reason: >-
    third
# The last.
- {id: CVE-4, reason: fourth}
"""


def test_an_entry_goes_to_the_end() -> None:
    assert appended(TEXT, [NEW, NEW]) == f"{TEXT}- id: CVE-9\n  reason: new\n- id: CVE-9\n  reason: new\n"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("# none\n", "# none\n- id: CVE-9\n  reason: new\n"),
        ("- id: CVE-1", "- id: CVE-1\n- id: CVE-9\n  reason: new\n"),
        ("  - id: CVE-1\n", "  - id: CVE-1\n  - id: CVE-9\n    reason: new\n"),
        ("- id: CVE-1\r\n", "- id: CVE-1\r\n- id: CVE-9\r\n  reason: new\r\n"),
        ("---\n- id: CVE-1\n", "---\n- id: CVE-1\n- id: CVE-9\n  reason: new\n"),
    ],
)
def test_it_is_written_as_its_neighbours(text: str, whole: str) -> None:
    assert appended(text, [NEW]) == whole


@pytest.mark.parametrize("text", ["[]\n", "[{id: CVE-1}]\n", "- {id: CVE-1}\n-\n  id: CVE-2\n"])
def test_what_is_not_line_by_line_is_left_alone(text: str) -> None:
    with pytest.raises(UsageError, match="one below the other"):
        appended(text, [NEW])
    with pytest.raises(UsageError, match="one below the other"):
        without(text, {0})


def cut(*gone: str) -> str:
    """The text without these parts."""
    text = TEXT
    for part in gone:
        assert part in text
        text = text.replace(part, "")
    return text


@pytest.mark.parametrize(
    ("dropped", "gone"),
    [
        ({0}, ["- id: CVE-1\n  reason: first  # really\n\n"]),
        ({1}, ["# The second was hard.\n- id: CVE-2\n  reason: second\n  # still the second\n\n"]),
        ({2}, ["- id: CVE-3\n  reason: >-\n    third\n"]),
        ({3}, ["# The last.\n- {id: CVE-4, reason: fourth}\n"]),
        ({2, 3}, ["\n- id: CVE-3\n  reason: >-\n    third\n# The last.\n- {id: CVE-4, reason: fourth}\n"]),
    ],
)
def test_what_was_said_of_an_entry_goes_with_it(dropped: set[int], gone: list[str]) -> None:
    assert without(TEXT, dropped) == cut(*gone)


def test_the_files_first_lines_stay() -> None:
    assert without("# header\n- id: CVE-1\n- id: CVE-2\n", {0}) == "# header\n- id: CVE-2\n"
    assert without(TEXT, {0, 1, 2, 3}) == "# Of the platform team.\n# Ask before you add.\n\n# No entry's.\n"


def test_other_line_ends_stay() -> None:
    assert without("- id: CVE-1\r\n\r\n- id: CVE-2\r\n", {0}) == "- id: CVE-2\r\n"
