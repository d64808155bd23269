"""Side by side with docker/metadata-action: what its rules give, what ours give, and why where they differ.

The cases stand in tests/golden/tags. Each says the `run` (`push BRANCH`, `tag TAG`, `pr NUMBER`, `schedule BRANCH`,
`manual BRANCH`), the `others` among the repository's tags, `theirs`: the action's `tags` input, with `their_flavor`,
and what it `gives`: the tags without the image's name, in its order. `ours` are our rules for the same, with the
`flavor` (theirs is `latest=auto` unless it says otherwise), and what they give is the same unless `we_give` says
something else and `why` the reason. `says` is the version that we say.

What the action gives follows from its documented rules, and was seen by running it (commit dc8028041006) on each
of these runs with its clock set to NOW.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.steps.image_version import image_tags
from tests.harness.configs import image_of
from tests.harness.runs import NOW, context_of

CASES = [
    (file.stem, case)
    for file in sorted((Path(__file__).parent.parent / "golden/tags").glob("*.toml"))
    for case in tomllib.loads(file.read_text(encoding="utf-8"))["case"]
]


@pytest.mark.parametrize(("table", "case"), CASES, ids=[f"{t}-{c['run']}-{i}" for i, (t, c) in enumerate(CASES)])
def test_side_by_side(tmp_path: Path, table: str, case: dict[str, Any]) -> None:
    flavor = case.get("flavor", {"latest": "auto"})
    lines = f"tags: {json.dumps(case['ours'])}\nflavor: {json.dumps(flavor)}"
    image = image_of(tmp_path, lines).images["app"]
    expected = case.get("we_give", case["gives"])
    assert ("we_give" in case) == bool(case.get("why")), "a difference has a reason, and a reason a difference"
    assert case.get("we_give") != case["gives"], f"{table}: no difference"
    try:
        planned = image_tags(image, context_of(case["run"], case.get("others", ())), NOW)
    except UsageError as error:
        assert (expected, "no tag rule applies" in error.message) == ([], True)  # noqa: PT017 one of two right answers
    else:
        assert list(planned.tags) == expected
        assert planned.version == case.get("says", planned.version)


def test_there_are_enough_of_each_kind() -> None:
    types = ("schedule", "semver", "pep440", "match", "edge", "ref", "raw", "sha")
    rules = [rule for _, case in CASES for rule in case["theirs"]]
    assert len(CASES) >= 60
    for name in types:
        assert sum(f"type={name}" in rule for rule in rules) >= 3, name
    for attribute in ("enable", "priority", "prefix", "suffix", "value", "match", "group", "branch", "format"):
        assert any(f"{attribute}=" in rule for rule in rules), attribute
