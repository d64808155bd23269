"""Tag rules as the config says them: what is read, what is refused and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.tags import Flavor, TagRule
from tests.harness.configs import image_of, refused_image

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_is_read(tmp_path: Path) -> None:
    lines = """tags:
  - { tag: "{match.1}", match: "^v(.+)$", from: v1, scheme: pep440, branch: "release/*", priority: 7, enable: false }
flavor: { latest: auto, prefix: a-, suffix: "-{sha:7}", on-latest: true }
immutable-tags: ["sha-*", "{version}"]"""
    image = image_of(tmp_path, lines).images["app"]
    assert image.tags == (
        TagRule(
            "{match.1}",
            match="^v(.+)$",
            source="v1",
            scheme="pep440",
            branch="release/*",
            priority=7,
            enable=False,
        ),
    )
    assert image.flavor == Flavor("auto", "a-", "-{sha:7}", on_latest=True)
    assert image.immutable_tags == ("sha-*", "{version}")


def test_a_variable_decides_whether_a_rule_counts(tmp_path: Path) -> None:
    for value, enabled in (("true", True), ("no", False)):
        image = image_of(tmp_path, "tags: [{ tag: x, enable: '${ON}' }]", {"ON": value}).images["app"]
        assert image.tags[0].enable is enabled


@pytest.mark.parametrize(
    ("lines", "place", "fault"),
    [
        ('tags: ["{match}"]', "5:12: images.app.tags[0]", "has no `match`"),
        ('tags: [{ tag: "{match.2}", match: "(a)" }]', "5:12: images.app.tags[0]", "none of number 2"),
        ('tags: [{ tag: x, match: "(a" }]', "5:29: images.app.tags[0].match", "missing )"),
        ('tags: [{ tag: x, match: "(?=a)" }]', "5:29: images.app.tags[0].match", "invalid perl operator"),
        ("tags: [{ tag: x, branch: main, when: tag }]", "5:30: images.app.tags[0].branch", "leave one of them out"),
        ("tags: [{ tag: x, from: '{match}' }]", "5:12: images.app.tags[0]", "read from itself"),
        ("tags: [{ tag: x, enable: maybe }]", "5:30: images.app.tags[0].enable", "true or false"),
        ("tags: [{ tag: x, scheme: calver }]", "5:30: images.app.tags[0].scheme", "semver and pep440"),
        ("flavor: { latest: always }", "5:23: images.app.flavor.latest", "auto"),
        ("flavor: { prefix: '{match}' }", "5:23: images.app.flavor.prefix", "in the rule alone"),
        ("flavor: { suffix: '{shaa}' }", "5:23: images.app.flavor.suffix", "no field {shaa}"),
        ("immutable-tags: ['a b']", "5:22: images.app.immutable-tags[0]", "matches no tag"),
    ],
)
def test_what_is_wrong_is_refused_where_it_stands(tmp_path: Path, lines: str, place: str, fault: str) -> None:
    (violation,) = refused_image(tmp_path, lines)
    assert violation.startswith(f"{place}: ")
    assert fault in violation
