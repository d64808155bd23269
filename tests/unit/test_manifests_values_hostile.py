"""Values and Compose files made to break a reader: a clean error with the place, or nothing found."""

from __future__ import annotations

import time

import pytest

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository

DIGEST = "sha256:" + "d" * 64
IMAGE = "ghcr.io/acme/app"
TARGET = Target(repositories=frozenset({Repository.parse(IMAGE)}), digest=DIGEST, tag=None, style="tag-and-digest")
NAMES = ("values.yaml", "production.yaml", "compose.yaml")
PARTS = f"{{ repository: {IMAGE}, tag: '1' }}"


def pinned(data: bytes | str, name: str) -> Pinned:
    return pin(data if isinstance(data, bytes) else data.encode(), name, [TARGET])


def refusal(data: bytes | str, name: str) -> str:
    with pytest.raises(ConfigError) as caught:
        pinned(data, name)
    return caught.value.violations[0]


def levels(first: str, one: str, number: int) -> str:
    """`one` again and again, each time with ten aliases of the one before."""
    rest = [one.format(i=i, before=",".join([f"*l{i - 1}"] * 10)) for i in range(1, number)]
    return first + "".join(rest)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: " + "[" * 30_000, "nested more than 256 levels deep"),
        ("{image: " * 30_000, "nested more than 256 levels deep"),
        ("services: &a x\na:\n" + "- *a\n" * 3000, "more than 2,000 aliases in one document"),
        ("services: [" + "a," * 400_000 + "]", "more than 300,000 values in one file"),
    ],
)
def test_what_is_too_deep_or_too_much_is_refused(name: str, text: str, reason: str) -> None:
    violation = refusal(text, name)
    assert violation.startswith(f"{name}:")
    assert violation.endswith(reason)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("values.yaml", levels(f"l0: &l0 {{ image: {PARTS} }}\n", "l{i}: &l{i} [{before}]\n", 20)),
        ("values.yaml", levels("l0: &l0 { a: 1 }\n", "l{i}: &l{i} {{ <<: [{before}] }}\n", 30)),
        ("production.yaml", levels("l0: &l0 [x]\n", "l{i}: &l{i} [{before}]\n", 20)),
        ("compose.yaml", levels("l0: &l0 { a: 1 }\n", "l{i}: &l{i} {{ <<: [{before}] }}\n", 30) + "services: *l29\n"),
    ],
)
def test_aliases_that_multiply_are_refused(name: str, text: str) -> None:
    started = time.process_time()
    assert refusal(text, name) == f"{name}:1:1: its aliases lead to more places than anyone could mean"
    assert time.process_time() - started < 10, "far above what it takes, far below what a bomb does"


def test_one_image_at_very_many_places_is_pinned_once() -> None:
    text = levels(f"l0: &l0 {{ image: {PARTS} }}\n", "l{i}: &l{i} [{before}]\n", 5)
    started = time.process_time()
    result = pinned(text, "values.yaml")
    assert result.new.decode() == text.replace("'1'", f"'1@{DIGEST}'")
    assert len(result.places) == 11_111
    assert time.process_time() - started < 10, "far above what it takes, far below what comparing each with each does"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("values.yaml", f"a: &a {{ b: *a, image: {PARTS} }}\n"),
        ("production.yaml", f"a: &a {{ <<: *a, image: {PARTS} }}\n"),
        ("compose.yaml", f"services: &s {{ <<: *s, a: &a {{ <<: *a, image: '{IMAGE}:1' }}  }}\n"),
    ],
)
def test_circles_end(name: str, text: str) -> None:
    assert pinned(text, name).new.decode() == text.replace("1'", f"1@{DIGEST}'")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"image: [\n", "2:1: not YAML"),
        (b"image: a\x00", "1:1: not YAML"),
        (b"# caf\xe9\n", "1:1: not UTF-8 at byte 5"),
        (b"image:\n  {{- toYaml . }}\n", "2:5: a template that isn't YAML before it is rendered"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(name: str, data: bytes, place: str) -> None:
    assert refusal(data, name).startswith(f"{name}:{place}")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text",
    [
        "", "---\n", "text", "- 1\n- image\n", "{}", "[]", "image:\n", "image: 5\n", "image: []\n", "image: {}\n",
        "? [image]\n: x\n", "image: { repository: [a], tag: {}, digest: [] }\n", "*image\n", "image: *none\n",
        "image: { repository: , tag: , digest: }\n", "global: 1\n", "global: { image: [] }\n",
        "global: []\nimage: x:1\n", "services:\n", "services: 1\n", "services: [a]\n",
        "services: { a: }\n", "services: { a: [], b: 1, c: {} }\n",
        "services: { a: { volumes: 1, build: 1 }, b: { volumes: [1, [], {}], build: [] } }\n",
        "services: { a: { build: { additional_contexts: [1, {}, docker-image://] }, image: [] } }\n",
        "<<: 1\n", "<<: [1, [a], *b]\n", "image: { <<: x, repository: !!binary eA==, tag: 1 }\n",
    ],
)  # fmt: skip
def test_other_types_than_expected_hold_no_image(name: str, text: str) -> None:
    result = pinned(text, name)
    assert (result.new, result.places) == (text.encode(), ())
