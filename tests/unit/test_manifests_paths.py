"""Images at the end of a config's paths: added to what the format finds, through aliases and merges."""

from __future__ import annotations

import pytest

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.finding import leads_nowhere
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.field_path import parse_field_path
from ci_toolkit.model.reference import Repository

DIGEST = "sha256:" + "d" * 64
D = f"@{DIGEST}"
TARGET = Target(repositories=frozenset({Repository.parse("nginx")}), digest=DIGEST, tag=None, style="tag-and-digest")
LONG = "its aliases lead to more places than anyone could mean"


def pinned(text: str, *paths: str, name: str = "x.yaml") -> Pinned:
    return pin(text.encode(), name, [TARGET], paths=[parse_field_path(path) for path in paths])


def reason(text: str, path: str, name: str = "x.yaml") -> str:
    return leads_nowhere(text.encode(), name, parse_field_path(path))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("kind: Fleet\nspec:\n  image: nginx:1HERE # keep\n  other: nginx:1\n", "spec.image"),
        ("a: [{i: nginx:1HERE}, {i: nginx:1HERE}, x, {j: nginx:1}]\n", "a[*].i"),
        ("jobs: {a: {i: nginx:1HERE}, 'b.c': {i: nginx:1HERE}, d: [nginx:1]}\n", "jobs.*.i"),
        ("jobs: {a: {i: nginx:1}, 'b.c': {i: nginx:1HERE}}\n", "jobs.'b.c'.i"),
        ("- nginx:1HERE\n- [nginx:1]\n---\n- 'nginx:1HERE'\n", "[*]"),
        ("x-b: &b {i: nginx:1HERE}\na: {<<: *b}\nb: {<<: *b, i: x}\n", "a.i"),
        ("a: &i nginx:1HERE\nb: *i\n", "*"),
        ("kind: Pod\nspec: {containers: [{image: nginx:1HERE}]}\nextra: nginx:1HERE\n", "extra"),
        ("kind: Pod\nspec: {containers: [{image: nginx:1HERE}]}\n", "spec.containers[*].image"),
        ("kind: Pod\nspec: {containers: [{image: *u}, {image: &i nginx:1HERE}]}\nextra: *i\n", "extra"),
        ('{"a": {"b": "nginx:1HERE"}}', "a.b"),
        ("a: ${IMG:-nginx:1HERE}\n", "a"),
        ("kind: Fleet\nspec:\n  image:\n    repository: nginx\n    tag: 1.2HERE\n", "spec.image"),
        ("kind: Fleet\nspec: {a: [{repository: library/nginx, tag: '1HERE'}, {image: nginx:1HERE}]}\n", "spec.a[*]"),
        ("kind: Fleet\nspec: {web: {image: {repository: nginx, tag: '1HERE'}}}\n", "spec"),
        ("kind: Fleet\nspec: {web: {image: nginx:1HERE}, i: nginx:1}\n", "spec.web"),
    ],
)
def test_what_a_path_leads_to_is_pinned(text: str, path: str) -> None:
    before, after = text.replace("HERE", ""), text.replace("HERE", D)
    result = pinned(before, path)
    assert result.new.decode() == after
    assert pinned(after, path).new.decode() == after
    assert not reason(before, path)


def test_a_place_that_both_found_is_told_once() -> None:
    text = "kind: Pod\nspec: {containers: [{image: nginx:1}]}\n"
    paths = ["spec.containers[*].image", "spec.*[*].image", "spec.containers[*].*", "spec.containers[*]", "spec"]
    places = pinned(text, *paths).places
    assert [place.path for place in places] == ["spec.containers[0].image"]


def test_the_digest_of_a_mapping_is_written_to_its_key() -> None:
    text = "kind: Fleet\nspec:\n  image:\n    registry: docker.io\n    repository: nginx\n    tag: '1'\n    digest:\n"
    result = pinned(text, "spec.image", "spec.*", "spec")
    assert result.new.decode() == f"{text[:-1]} {DIGEST}\n"
    assert [place.path for place in result.places] == ["spec.image.repository"]


def test_a_comment_says_more_than_a_path() -> None:
    text = "a: nginx:1 # ci-toolkit: image=ghcr.io/acme/other\n"
    assert pinned(text, "a").new.decode() == text


def test_files_that_are_no_yaml_have_no_paths() -> None:
    assert reason("FROM nginx\n", "a", name="Dockerfile") == "it is no YAML"


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("spec: {containers: 1, volumes: 2}\n", "spec.image", "at spec the keys are containers, volumes"),
        ("spec: [1, 2]\n", "spec.image", "at spec there is a list of 2"),
        ("spec: x\n", "spec.image", "at spec there is a single value"),
        ("spec: {}\n", "spec.image", "at spec there is no key"),
        ("a: {b: {c: 1}}\n---\na: {b: {d: {x: 1}}}\n", "a.b.d.e", "at a.b.d the keys are x"),
        ("a: 1\n", "b", "at the top the keys are a"),
        ("".join(f"k{i}: 1\n" for i in range(20)), "b", "k11 and 8 more"),
        ("a: *nobody\n", "a", "at the top the keys are a"),
        ("", "a", "there is nothing"),
        ("a: [", "a", "it can't be read"),
        ("a: \x00", "a", "it can't be read"),
    ],
)
def test_a_dead_end_tells_what_is_there(text: str, path: str, said: str) -> None:
    assert reason(text, path).endswith(said)


def test_aliases_that_multiply_are_refused() -> None:
    levels = "l0: &l0 [nginx,nginx,nginx,nginx,nginx,nginx,nginx,nginx,nginx,nginx]\n" + "".join(
        f"l{i}: &l{i} [{','.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    with pytest.raises(ConfigError) as caught:
        pinned(levels, "l8" + "[*]" * 9)
    assert LONG in caught.value.violations[0]
    assert reason(levels, "l8" + "[*]" * 9 + ".x") == "it can't be read"


@pytest.mark.parametrize(
    "text", ["[" * 30_000, "a: {{ .Values.a }}\n", "a: &a [*a]\n", "a: 1\nb: [1, {c: 2}]\n", "? [a]\n: b\n"]
)
def test_hostile_texts_are_refused_or_kept(text: str) -> None:
    try:
        result = pinned(text, "a", "a[*]", "*", "*[*].c", "[*]")
    except ConfigError as error:
        assert error.violations[0].startswith("x.yaml:")  # noqa: PT017 both outcomes are right
    else:
        assert result.new.decode() == text
