"""What saves the parsing of a manifest, and never a manifest that names the image."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.manifests.formats import is_known
from ci_toolkit.manifests.pinning import Target, pin
from ci_toolkit.manifests.wanted import may_hold
from ci_toolkit.model.reference import Repository
from tests.harness.pinning import APP, DIGEST, NEWER, pod

KNOWN = ("a.yaml", "A.YML", "a.json", "Dockerfile", "web.Dockerfile", "web.containerfile", "Kustomization")
OTHERS = ("Dockerfile.dockerignore", "dockerfiles", "README.md", "kustomization", "a.yaml.orig")
TARGET = Target(repositories=frozenset({Repository.parse(APP)}), digest=DIGEST, tag=None, style="tag-and-digest")


@pytest.mark.parametrize("name", [*KNOWN, *OTHERS])
def test_a_directorys_files_are_looked_at_by_their_names(name: str) -> None:
    assert is_known(name) == (name in KNOWN)


@pytest.mark.parametrize(
    "spelled",
    [
        APP,
        r'"ghcr.io\/acme\/app"',
        r'"ghcr.io/\x61cme/app"',
        r'"ghcr.io/\u0061cme/app"',
        r'"ghcr.io/\U00000061cme/app"',
        '"ghcr.io/ac\\\n      me/app"',
    ],
)
def test_every_spelling_is_found(spelled: str) -> None:
    data = f"kind: Pod\nspec:\n  containers:\n    - image: {spelled}\n".encode()
    assert [place.new for place in pin(data, "a.yaml", [TARGET]).places] == [f"{APP}@{DIGEST}"]
    assert may_hold(data, [TARGET])


@pytest.mark.parametrize("text", [pod("ghcr.io/acme/web"), "pattern: '^\\d+\\.\\w$'\n", 'a: "\\n\\t\\/"\n', ""])
def test_what_surely_names_it_not_is_passed_over(text: str) -> None:
    assert not may_hold(text.encode(), [TARGET])


@given(st.text(alphabet="ghcr.io/acmep\\x61u0:@\"'\n -", max_size=60))
def test_nothing_is_lost(around: str) -> None:
    data = f"kind: Pod\nspec:\n  containers:\n    - image: {json.dumps(APP + around)}\n".encode()
    if pin(data, "a.yaml", [TARGET]).places:
        assert may_hold(data, [TARGET])


def test_a_tag_alone_without_a_digest() -> None:
    repositories = TARGET.repositories
    targets = [
        Target(repositories=repositories, digest=DIGEST, tag=None, style="tag-and-digest", only="1"),
        Target(repositories=repositories, digest=NEWER, tag=None, style="tag-and-digest", only=""),
    ]
    data = pod(f"{APP}:1", f"{APP}:2", APP, f"{APP}:1@{NEWER}").encode()
    expected = pod(f"{APP}:1@{DIGEST}", f"{APP}:2", f"{APP}@{NEWER}", f"{APP}:1@{NEWER}")
    assert pin(data, "a.yaml", targets).new.decode() == expected
