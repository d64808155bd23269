"""The stand-in for GitLab's inputs refuses what GitLab refuses, and writes values as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.gitlab_inputs import RefusedError, Template

if TYPE_CHECKING:
    from pathlib import Path

HEADER = """\
spec:
  inputs:
    name: {}
    count: { type: number, default: 3 }
    loud: { type: boolean, default: false }
    words: { type: array, default: [a] }
    engine: { default: dind, options: [dind, socket] }
"""
BODY = "job:\n  script: $[[ inputs.name ]]\n"


def template(directory: Path, header: str = HEADER, body: str = BODY) -> Template:
    (directory / "t.yml").write_text(f"{header}---\n{body}")
    return Template.read(directory / "t.yml")


def test_values_keep_their_types_and_lists_are_json(tmp_path: Path) -> None:
    body = "job:\n  tags: $[[ inputs.words ]]\n  script:\n    - >-\n      show '$[[ inputs.words ]]'\n"
    assert template(tmp_path, body=body).expand({"name": "x", "words": ["a", "b"]}) == {
        "job": {"tags": ["a", "b"], "script": ["""show '["a", "b"]'"""]}
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "`name`: required"),
        ({"name": "x", "nmae": "y"}, "`nmae`: unknown input"),
        ({"name": 1}, "`name`: provided value is not a string"),
        ({"name": "x", "count": "3"}, "not a number"),
        ({"name": "x", "count": True}, "not a number"),
        ({"name": "x", "loud": "true"}, "not a boolean"),
        ({"name": "x", "words": "a"}, "not a array"),
        ({"name": "x", "engine": "kaniko"}, "not in the list of allowed options"),
    ],
)
def test_wrong_values_are_refused(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        template(tmp_path).expand(given)


@pytest.mark.parametrize(
    "one",
    [
        "{ type: object }",
        "{ type: array, regex: ^a$ }",
        "{ default: b, options: [a] }",
        "{ default: b, regex: ^a$ }",
        "{ type: number, default: many }",
        "{ required: true }",
    ],
)
def test_wrong_definitions_are_refused(tmp_path: Path, one: str) -> None:
    with pytest.raises(RefusedError, match="`one`"):
        template(tmp_path, header=f"spec:\n  inputs:\n    one: {one}\n")


def test_what_nobody_defines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"inputs\.nobody"):
        template(tmp_path, body="job: { script: $[[ inputs.nobody ]] }\n").expand({"name": "x"})
    with pytest.raises(RefusedError, match="`---` ends it"):
        template(tmp_path, header="spec:\n  inputs:\n    x: {}\nstages: [a]\n")
