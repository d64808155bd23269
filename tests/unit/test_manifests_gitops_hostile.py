"""Kustomizations, Applications and HelmReleases made to break a reader: a clean error, or nothing found."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.pinning import Target, pin
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGEST = "sha256:" + "d" * 64
IMAGE = "ghcr.io/acme/app"
TARGET = Target(repositories=frozenset({Repository.parse(IMAGE)}), digest=DIGEST, tag="v2", style="tag-and-digest")
ENTRIES = [{"name": "app", "newName": IMAGE, "newTag": "v1", "digest": ""}, {"name": IMAGE}]
SOURCE = {
    "kustomize": {"images": [f"app={IMAGE}:v1"]},
    "helm": {
        "parameters": [{"name": "image.repository", "value": IMAGE}, {"name": "image.tag", "value": "v1"}],
        "valuesObject": {"image": {"repository": IMAGE, "tag": "v1"}},
    },
}
TEMPLATE = {"template": {"spec": {"source": {"kustomize": {"images": [f"app={IMAGE}:v1"]}}}}}
FILES: dict[str, dict[str, Any]] = {
    "kustomization.yaml": {"images": ENTRIES, "helmCharts": [{"valuesInline": {"image": f"{IMAGE}:v1"}}]},
    "component.yaml": {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "images": ENTRIES},
    "application.yaml": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "spec": {"sources": [SOURCE]}},
    "set.yaml": {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "spec": {"generators": [{"matrix": {"generators": [{"list": TEMPLATE}]}}], **TEMPLATE},
    },
    "flux.yaml": {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "spec": {"images": ENTRIES},
    },
    "release.yaml": {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "spec": {
            "values": {"image": {"repository": IMAGE, "tag": "v1"}},
            "postRenderers": [{"kustomize": {"images": ENTRIES}}],
        },
    },
}
ODD: list[Any] = [None, 5, True, "", "x", "{{ x }}", "$X", "\0", "a\nb", "@", "=", ":", [], {}, [[]], [None], {"": []}]
ODD += [{"name": []}, {"name": {}, "newTag": 5}, {"name": None, "value": None}, [[[IMAGE]]], "*undefined"]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a document."""
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with something else at a place."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    above = changed
    for key in path[:-1]:
        above = above[key]
    above[path[-1]] = value
    return changed


def survives(name: str, data: bytes) -> int:
    """Pin what may be refused, and say how many places were found; whatever is written is read again the same."""
    try:
        result = pin(data, name, [TARGET])
    except ConfigError as error:
        assert error.violations[0].startswith(f"{name}:")  # noqa: PT017 both outcomes are right
        return 0
    assert pin(result.new, name, [TARGET]).new == result.new
    return len(result.places)


@pytest.mark.parametrize("name", FILES)
def test_anything_may_stand_anywhere(name: str) -> None:
    whole = survives(name, json.dumps(FILES[name]).encode())
    assert whole
    for path in places(FILES[name]):
        for odd in ODD:
            text = json.dumps(replaced(FILES[name], path, odd)).replace('"*undefined"', "*undefined")
            assert survives(name, text.encode()) <= whole


BOMB = "x-0: &a0 [{list: x}]\n" + "".join(f"x-{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 20))
GENERATORS = "x-0: &a0 {list: {}}\n" + "".join(
    f"x-{i}: &a{i} {{matrix: {{generators: [{','.join([f'*a{i - 1}'] * 10)}]}}}}\n" for i in range(1, 20)
)
ENTRY_BOMB = "x-0: &a0 {name: x}\n" + "".join(
    f"x-{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 20)
)
SET = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("set.yaml", f"{GENERATORS}{SET}spec: {{generators: [*a19]}}\n"),
        ("kustomization.yaml", f"{ENTRY_BOMB}images: [*a19]\n"),
        ("kustomization.yaml", f"{BOMB}helmCharts: [{{valuesInline: {{x: *a19}}}}]\n"),
    ],
)
def test_aliases_that_multiply_are_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pin(f"# {IMAGE}\n{text}".encode(), name, [TARGET])
    assert "its aliases lead to more places than anyone could mean" in caught.value.violations[0]


@pytest.mark.parametrize("name", ["kustomization.yaml", "a/kustomization.yml", "Kustomization"])
@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe", b"images:\n- name: \0\n", b"images: [\n", b"images: " + b"[" * 30_000, b"\timages: []\n"],
)
def test_a_kustomization_that_cannot_be_read_is_named(name: str, data: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        pin(data, name, [TARGET])
    assert caught.value.violations[0].startswith(f"{name}:")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"---\n---\n", b"# nothing\n", b"images\n", b"- images\n"])
def test_a_kustomization_that_says_nothing_holds_nothing(data: bytes) -> None:
    result = pin(data, "kustomization.yaml", [TARGET])
    assert (result.new, result.places, result.seen) == (data, (), ())


def test_lists_that_hold_themselves_end() -> None:
    assert survives("kustomization.yaml", f"images:\n- &a {{<<: *a, name: {IMAGE}, digest: ''}}\n".encode()) == 1
    assert survives("kustomization.yaml", f"images: &a\n- *a\n- {{name: {IMAGE}, digest: ''}}\n".encode()) == 0
    circle = "spec: {generators: &g [{matrix: {generators: *g}}, {list: {template: {spec: &s {source: *s}}}}]}\n"
    assert survives("set.yaml", f"{SET}{circle}".encode()) == 0


def test_a_name_that_stands_there_again_and_again_is_refused_in_few_words() -> None:
    with pytest.raises(ConfigError) as caught:
        pin(("images:\n" + f"- name: {IMAGE}\n" * 20_000).encode(), "kustomization.yaml", [TARGET])
    assert f"{IMAGE} has 20000 entries: images[0] and images[1] and " in caught.value.violations[0]
    assert sum(map(len, caught.value.violations)) < 10_000
