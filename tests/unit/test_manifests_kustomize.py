"""Kustomize's lists of images: what is written in every style, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ConfigError, IntegrityError
from ci_toolkit.manifests.formats import format_of
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from ci_toolkit.manifests.pinning import Style

DIGEST, OTHER = "sha256:" + "d" * 64, "sha256:" + "a" * 64
IMAGE = "ghcr.io/acme/app"
NAME = "deploy/kustomization.yaml"
STYLES: tuple[Style, ...] = ("tag-and-digest", "digest", "digest-and-comment")


def target(
    tag: str | None = None, style: Style = "tag-and-digest", image: str = IMAGE, digest: str = DIGEST
) -> Target:
    return Target(repositories=frozenset({Repository.parse(image)}), digest=digest, tag=tag, style=style)


def pinned(text: str, *targets: Target) -> Pinned:
    """What becomes of a kustomization; what comes out is never changed again."""
    wanted = targets or (target(),)
    result = pin(text.encode(), NAME, wanted)
    assert pin(result.new, NAME, wanted).new == result.new
    return result


def refusal(text: str, *targets: Target) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        pinned(text, *targets)
    return tuple(caught.value.violations)


@pytest.mark.parametrize("style", STYLES)
def test_tag_and_digest_go_together_in_every_style(style: Style) -> None:
    """A tag that stayed behind beside a new digest would tell a lie."""
    text = f"images:\n- name: {IMAGE}\n  newTag: v1\n  digest: {OTHER}\n- name: {IMAGE}/web\n  newTag: v1\n"
    result = pinned(text, target("v2", style))
    assert result.new.decode() == text.replace("v1", "v2", 1).replace(OTHER, DIGEST)
    assert [place.new for place in result.places] == [f"{IMAGE}:v2@{DIGEST}"]


@pytest.mark.parametrize("style", STYLES)
def test_no_tag_is_put_where_none_is(style: Style) -> None:
    text = f"images:\n- name: app\n  newName: {IMAGE} # ours\nnamePrefix: x\n"
    result = pinned(text, target("v2", style))
    assert result.new.decode() == text.replace(" # ours\n", f" # ours\n  digest: {DIGEST}\n")
    assert [place.new for place in result.places] == [f"{IMAGE}@{DIGEST}"]


def test_a_tag_beside_the_right_digest_stays() -> None:
    text = f"images:\n- name: {IMAGE}\n  newTag: v1\n  digest: {DIGEST}\n"
    result = pinned(text, target("v2"))
    assert result.new == result.old
    assert [place.new for place in result.places] == [f"{IMAGE}:v1@{DIGEST}"]


@pytest.mark.parametrize("tag", ["1.10", "0123", "on", "null", "1e3", "12e4567", "2026-11-27", "1_0", "0x1f", "y"])
def test_a_tag_that_would_be_no_text_gets_quotes(tag: str) -> None:
    """Kustomize refuses a number where it wants a text."""
    text = f"images:\n- name: {IMAGE}\n  newTag: v1\n  digest: ''\n"
    assert f"  newTag: \"{tag}\"\n  digest: '{DIGEST}'\n" in pinned(text, target(tag)).new.decode()
    for quote in "'\"":
        expected = f"  newTag: {quote}{tag}{quote}\n"
        assert expected in pinned(text.replace("v1", f"{quote}v1{quote}"), target(tag)).new.decode()


def test_a_digest_within_the_tag_is_replaced_there() -> None:
    text = f"images:\n- {{name: {IMAGE}, newTag: 'v1@{OTHER}'}}\n"
    assert pinned(text, target("v2")).new.decode() == text.replace(f"v1@{OTHER}", f"v2@{DIGEST}")


def test_a_name_that_stands_there_twice_is_refused_naming_both() -> None:
    """Kustomize takes the last and says nothing."""
    text = f"images:\n- name: app\n  newTag: '1'\n- name: web\n- name: app\n  newName: {IMAGE}\n"
    assert refusal(text) == (f"{NAME}:6:12: images[2].newName: app has 2 entries: images[0] and images[2]",)
    assert pinned(text, target(image="ghcr.io/acme/other")).places == ()


@pytest.mark.parametrize("more", [":v1", f"@{OTHER}", f":v1@{OTHER}"])
def test_a_name_that_holds_a_tag_is_refused(more: str) -> None:
    """Kustomize puts its own tag behind it."""
    for entry in (f"name: app, newName: {IMAGE}{more}", f"name: {IMAGE}{more}, newTag: v2"):
        (violation,) = refusal(f"images: [{{{entry}}}]\n")
        assert violation.endswith("its name holds a tag or a digest as well: write only the name there")


def test_two_names_may_become_one_image() -> None:
    text = f"images:\n- name: app\n  newName: {IMAGE}\n- name: web\n  newName: {IMAGE}\n"
    assert pinned(text).new.decode() == text.replace(IMAGE, f"{IMAGE}\n  digest: {DIGEST}")


@pytest.mark.parametrize(
    ("before", "entry"),
    [
        (f"x-app: &app {{name: {IMAGE}}}\n", "<<: *app"),
        (f"x-name: &name {IMAGE}\n", "name: *name"),
        ("", f"name: |-\n    {IMAGE}"),
    ],
)
def test_an_entry_that_says_little_itself_is_to_have_a_digest(before: str, entry: str) -> None:
    text = f"{before}images:\n- {entry}\n"
    (violation,) = refusal(text)
    assert violation.endswith('.name: there is no good place for its digest: write `digest: ""` into it')
    mended = text.replace("- ", '- digest: ""\n  ')
    assert pinned(mended).new.decode() == mended.replace('""', f'"{DIGEST}"')


def test_a_tag_that_two_images_share_is_changed_for_both_or_for_none() -> None:
    text = f"images:\n- name: {IMAGE}\n  newTag: &tag v1\n  digest: ''\n- name: nginx\n  newTag: *tag\n  digest: ''\n"
    assert "shares 'v1', by an anchor, with deploy/kustomization.yaml:6:11" in refusal(text, target("v2"))[0]
    same = text.replace("nginx", "app\n  newName: ghcr.io/acme/app")
    assert pinned(same, target("v2")).new.decode() == same.replace("v1", "v2").replace("''", f"'{DIGEST}'")


def test_a_tag_that_stays_may_be_shared() -> None:
    text = f"images:\n- name: {IMAGE}\n  newTag: &tag v1\nlabels: [{{pairs: {{version: *tag}}}}]\n"
    assert pinned(text).new.decode() == text.replace("&tag v1", f"&tag v1\n  digest: {DIGEST}")
    assert "shares 'v1', by an anchor, with deploy/kustomization.yaml:4:28" in refusal(text, target("v2"))[0]


def test_an_entry_that_stands_elsewhere_too_is_not_added_to() -> None:
    text = f"images:\n- &app {{name: {IMAGE}, newTag: v1}}\nlabels: [*app]\n"
    assert "shares 'digest', by an anchor, with deploy/kustomization.yaml:3:10: labels" in refusal(text)[0]
    stored = f"x-app: &app {{name: {IMAGE}, newTag: v1}}\nimages: [*app]\n"
    assert pinned(stored).new.decode() == stored.replace("v1", f"v1, digest: {DIGEST}")


def test_one_platforms_digest_is_never_swapped_for_the_index() -> None:
    one = Target(
        repositories=frozenset({Repository.parse(IMAGE)}),
        digest=DIGEST,
        tag=None,
        style="digest",
        platforms={OTHER: "linux/arm64"},
    )
    with pytest.raises(IntegrityError, match="linux/arm64 alone"):
        pinned(f"images: [{{name: {IMAGE}, digest: '{OTHER}'}}]\n", one)


@pytest.mark.parametrize(
    "text",
    [
        f"images: [name: {IMAGE}]\n",
        f"images:\n- ? name\n  : {IMAGE}\n",
        f"a: b\nimages:\n\r- name: {IMAGE}\n",
        f"images:\n- name: >-\n    {IMAGE}\n",
    ],
)
def test_where_a_digest_has_no_good_place_it_is_asked_for(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pinned(text)
    assert 'there is no good place for its digest: write `digest: ""` into it' in caught.value.violations[0]


def test_the_names_tell_the_format() -> None:
    text = f"images: [{{name: {IMAGE}, newTag: '1'}}]\n"
    for name in ("kustomization.yaml", "a/kustomization.yml", "a/b/Kustomization"):
        assert format_of(name, text).name == "kustomization"
        assert DIGEST in pin(text.encode(), name, [target()]).new.decode()
    for name in ("my-kustomization.yaml", "kustomization.json", "kustomization/a.yaml"):
        assert pin(text.encode(), name, [target()]).new == text.encode()


def test_an_object_of_another_kind_is_what_it_says() -> None:
    text = f"apiVersion: v1\nkind: Pod\nimages: [{{name: {IMAGE}}}]\nspec: {{containers: [{{image: {IMAGE}}}]}}\n"
    assert pinned(text).new.decode() == text.replace(f"image: {IMAGE}", f"image: {IMAGE}@{DIGEST}")
