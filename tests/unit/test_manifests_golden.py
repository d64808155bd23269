"""Manifests as people write them, byte for byte: tests/golden/pin/NAME.in and what becomes of it, NAME.out.

Where there is no NAME.out, nothing may change. Its path below tests/golden/pin tells the format, as everywhere; a
directory that is called like a file stands for it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.manifests.wanted import may_hold
from ci_toolkit.model.reference import Repository

GOLDEN = Path(__file__).parent.parent / "golden" / "pin"
DIGEST = "sha256:" + "d" * 64
NAMES = ("ghcr.io/acme/app", "nginx", "localhost:5000/app")
TARGET = Target(repositories=frozenset(map(Repository.parse, NAMES)), digest=DIGEST, tag=None, style="tag-and-digest")
REFUSED = "10-alias-at-a-place-that-is-no-image.in.yaml"
REFUSED_VARIABLES = {
    "10-argument-that-is-a-part-elsewhere.in.Dockerfile": (
        "1:10: ARG BASE: $BASE is a part of something else in line 3"
    ),
    "10-variable-that-stands-for-something-else.in.gitlab-ci.yml": (
        "2:10: variables.IMAGE: $IMAGE stands for something else in line 4"
    ),
}
INPUTS = sorted(file for file in GOLDEN.rglob("*.in.*") if file.name != REFUSED and file.name not in REFUSED_VARIABLES)


def name_of(file: Path) -> str:
    """The name by which a file is read."""
    return file.parent.name if file.parent.suffix in (".yaml", ".json") else str(file.relative_to(GOLDEN))


def pinned(name: str) -> Pinned:
    return pin((GOLDEN / name).read_bytes(), name, [TARGET])


@pytest.mark.parametrize("file", INPUTS, ids=lambda file: str(file.relative_to(GOLDEN)))
def test_golden(file: Path) -> None:
    expected = file.with_name(file.name.replace(".in.", ".out."))
    before = file.read_bytes()
    after = expected.read_bytes() if expected.exists() else before
    result = pin(before, name_of(file), [TARGET])
    assert result.new.decode() == after.decode()
    assert result.new == after
    again = pin(after, name_of(file), [TARGET])
    assert again.new == after, "a second run writes nothing"
    assert [place.new for place in again.places] == [place.new for place in result.places]
    assert may_hold(before, [TARGET]) or not result.places


def test_every_place_that_uses_an_anchor_is_told() -> None:
    places = pinned("09-anchor-and-aliases.in.yaml").places
    assert [(p.line, p.path) for p in places] == [
        (6, "spec.initContainers[0].image"),
        (9, "spec.containers[0].image"),
        (10, "spec.containers[1].image"),
    ]
    assert {p.new for p in places} == {f"ghcr.io/acme/app:1@{DIGEST}"}


def test_an_alias_shared_with_a_place_that_is_no_image_is_refused_naming_both() -> None:
    with pytest.raises(ConfigError) as caught:
        pinned(REFUSED)
    (violation,) = caught.value.violations
    assert violation.startswith(f"{REFUSED}:6:17: spec.containers[0].image ")
    assert f"{REFUSED}:9:18: spec.containers.env.value" in violation


@pytest.mark.parametrize(("name", "violation"), REFUSED_VARIABLES.items())
def test_a_variable_that_says_more_than_an_image_is_refused(name: str, violation: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pinned(name)
    assert caught.value.violations == (f"{name}:{violation}: give that a variable of its own",)


def test_a_merge_is_told_where_it_is_used() -> None:
    assert [p.line for p in pinned("11-merge-key.in.yaml").places] == [8, 11]


def test_the_documents_index_counts_empty_documents() -> None:
    assert [(p.document, p.old) for p in pinned("18-documents.in.yaml").places] == [
        (1, "ghcr.io/acme/app:1"),
        (3, "ghcr.io/acme/app:2"),
    ]


def test_lines_are_those_of_an_editor() -> None:
    """U+2028 and U+0085 end a line for YAML 1.1, and for no editor and no grep."""
    file = "17-bom-emoji-no-final-newline.in.yaml"
    (place,) = pinned(file).places
    lines = (GOLDEN / file).read_bytes().split(b"\n")
    assert b"image: ghcr.io/acme/app:1" in lines[place.line - 1]
    assert lines[place.line - 1].decode()[place.column - 1 :] == "ghcr.io/acme/app:1"


def test_what_was_left_alone_is_told_with_the_reason() -> None:
    reasons = {seen.value: seen.reason for seen in pinned("24-variables-and-templates.in.yaml").seen}
    assert reasons["$REGISTRY/acme/app:1"] == "it holds a variable"
    assert reasons["ghcr.io/acme/app:{{ .Values.tag }}"] == "it is a template"
    assert reasons["ko://ghcr.io/acme/app"] == "ko builds it"
    others = {seen.value: seen.reason for seen in pinned("08-only-the-same-repository.in.yaml").seen}
    assert others["ghcr.io/acme/app-web:1"] == "another image"
