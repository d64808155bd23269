"""docs/tags.md is true: every example gives the tags that stand below it, every translation is one that was tried."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from ci_toolkit.steps.image_version import image_tags
from tests.harness.configs import image_of
from tests.harness.runs import NOW, context_of

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs/tags.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```\n\n((?:\|[^\n]*\n)*)", TEXT, re.DOTALL)
TRANSLATIONS = re.findall(r"^\| `(type=[^`]+)` \| (.+) \|$", TEXT, re.MULTILINE)
ENV = {"RELEASE": "v1.0.0", "TAG_BRANCHES": "true"}


def test_every_example_has_its_table() -> None:
    assert TEXT.count("```yaml") == len(EXAMPLES) >= 6
    assert len(TRANSLATIONS) >= 15


@pytest.mark.parametrize(("example", "table"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_gives_the_tags_below_it(tmp_path: Path, example: str, table: str) -> None:
    image = image_of(tmp_path, example, ENV).images["app"]
    rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    assert rows
    for left, right in rows:
        run, *others = re.findall(r"`([^`]+)`", left)
        assert list(image_tags(image, context_of(run, others), NOW).tags) == re.findall(r"`([^`]+)`", right), run


@pytest.mark.parametrize(("theirs", "ours"), TRANSLATIONS)
def test_a_translation_is_one_that_was_tried(theirs: str, ours: str) -> None:
    tables = sorted((ROOT / "tests/golden/tags").glob("*.toml"))
    cases = [case for table in tables for case in tomllib.loads(table.read_text(encoding="utf-8"))["case"]]
    tried = [case["ours"][0] for case in cases if case["theirs"] == [theirs] and len(case["ours"]) == 1]
    for rule in re.findall(r"`([^`]+)`", ours):
        assert yaml.safe_load(rule) in tried
