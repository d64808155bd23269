"""What holds for every list of images, however it is written: only digests come, and nothing else changes."""

from __future__ import annotations

import re
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository
from tests.harness.manifest_texts import as_bytes

DIGEST, OTHER = "sha256:" + "d" * 64, "sha256:" + "a" * 64
OURS = "ghcr.io/acme/app"
TARGET = Target(repositories=frozenset({Repository.parse(OURS)}), digest=DIGEST, tag=None, style="tag-and-digest")
ADDED = re.compile(rf"(?:, |\r?\n *)digest: {DIGEST}")
"""What was there already has quotes."""
FORMATS = {
    "kustomization.yaml": ("", ""),
    "flux.yaml": ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n", "  "),
    "release.yaml": (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  postRenderers:\n  - kustomize:\n",
        "      ",
    ),
}
ARGO = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  sources:\n  - kustomize:\n      images:\n"
ENDS = st.sampled_from(["", "  ", "  # digest: none", " # 🚢"])


@st.composite
def entries(draw: st.DrawFn, index: int) -> str:
    """One entry with a name of its own, its keys in any order, in lines or in braces."""
    image = draw(st.sampled_from([OURS, "ghcr.io/acme/app-web", "busybox", '"${APP}"']))
    keys = {"name": f"name-{index}", "newName": image}
    if draw(st.booleans()):
        keys["newTag"] = draw(st.sampled_from(["v1", '"1.10"', "'on'", '""']))
    if draw(st.booleans()):
        keys["digest"] = draw(st.sampled_from(['""', f"'{OTHER}'"]))
    if draw(st.booleans()):
        keys["tagSuffix"] = "-x"
    items = draw(st.permutations(sorted(keys.items())))
    if draw(st.booleans()):
        return "- {" + ", ".join(f"{key}: {value}" for key, value in items) + "}" + draw(ENDS) + "\n"
    lines = [f"{key}: {value}{draw(ENDS)}\n" for key, value in items]
    between = draw(st.sampled_from(["", "  # a comment\n", "\n"]))
    return f"- {lines[0]}" + "".join(f"{between}  {line}" for line in lines[1:])


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file's name and content, its line ends, byte order mark and last newline drawn as well."""
    name = draw(st.sampled_from(sorted(FORMATS)))
    head, indent = FORMATS[name]
    listed = "images:\n" + "".join(draw(entries(index)) for index in range(draw(st.integers(1, 4))))
    text = head + "".join(f"{indent}{line}" for line in listed.splitlines(keepends=True))
    return name, draw(as_bytes(text))


@st.composite
def applications(draw: st.DrawFn) -> bytes:
    """An Application with images for Kustomize, in any quotes, each with or without a name, a tag and a comment."""
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        image = draw(st.sampled_from([OURS, "busybox", "ghcr.io/acme/app-web"]))
        written = draw(st.sampled_from(["", "app=", f"{OURS}="])) + image + draw(st.sampled_from(["", ":v1", ":1.10"]))
        quote = draw(st.sampled_from(["", "'", '"']))
        lines.append(f"      - {quote}{written}{quote}{draw(ENDS)}\n")
    return draw(as_bytes(ARGO + "".join(lines)))


def read(data: bytes) -> Any:
    """By the other parser, PyYAML's own in Python: the one that edits is libyaml."""
    return yaml.load(data.decode().removeprefix("\ufeff"), Loader=yaml.SafeLoader)


def entries_of(document: Any) -> list[dict[str, str]]:
    spec = document.get("spec", document)
    renderers = spec.get("postRenderers")
    found: list[dict[str, str]] = (renderers[0]["kustomize"] if renderers else spec)["images"]
    return found


def pinned(name: str, data: bytes) -> Pinned:
    return pin(data, name, [TARGET])


@given(files())
@settings(max_examples=150, deadline=None)
def test_what_was_added_taken_away_gives_the_old_bytes(file: tuple[str, bytes]) -> None:
    name, data = file
    new = pinned(name, data).new.decode()
    assert ADDED.sub("", new).replace(DIGEST, "").replace(OTHER, "") == data.decode().replace(OTHER, "")


@given(files())
@settings(max_examples=150, deadline=None)
def test_only_the_digests_of_ours_mean_something_else(file: tuple[str, bytes]) -> None:
    name, data = file
    result = pinned(name, data)
    before, after = read(data), read(result.new)
    ours = 0
    for old, new in zip(entries_of(before), entries_of(after), strict=True):
        if old["newName"] == OURS:
            ours += 1
            assert new.pop("digest") == DIGEST
            old.pop("digest", None)
        assert new == old
    assert after == before
    assert len(result.places) == ours


@given(files())
@settings(max_examples=80, deadline=None)
def test_a_second_run_changes_nothing(file: tuple[str, bytes]) -> None:
    name, data = file
    first = pinned(name, data)
    second = pinned(name, first.new)
    assert second.new == first.new
    assert [place.old for place in second.places] == [place.new for place in first.places]


@given(applications())
@settings(max_examples=150, deadline=None)
def test_an_applications_images_get_digests_and_nothing_else(data: bytes) -> None:
    result = pinned("app.yaml", data)
    assert result.new.replace(f"@{DIGEST}".encode(), b"") == data
    images = read(result.new)["spec"]["sources"][0]["kustomize"]["images"]
    results = [image.rpartition("=")[2] for image in images]
    assert all(re.fullmatch(rf"{OURS}(:[\w.]+)?@{DIGEST}|busybox.*|\S+-web.*", image) for image in results)
    assert pinned("app.yaml", result.new).new == result.new
