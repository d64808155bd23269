"""Argo CD's Applications: what is written into a source's images and Helm parameters, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from ci_toolkit.manifests.pinning import Style

DIGEST, OTHER = "sha256:" + "d" * 64, "sha256:" + "a" * 64
IMAGE = "ghcr.io/acme/app"
HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n"


def pinned(source: str, tag: str | None = "v2", style: Style = "tag-and-digest") -> Pinned:
    """What becomes of an Application's source; what comes out is never changed again."""
    target = Target(repositories=frozenset({Repository.parse(IMAGE)}), digest=DIGEST, tag=tag, style=style)
    result = pin((HEAD + source).encode(), "app.yaml", [target])
    assert pin(result.new, "app.yaml", [target]).new == result.new
    return result


def written(source: str, tag: str | None = "v2", style: Style = "tag-and-digest") -> str:
    return pinned(source, tag, style).new.decode().removeprefix(HEAD)


def parameters(**values: str) -> str:
    items = "".join(f"      - {{name: {name.replace('_', '.')}, value: {value}}}\n" for name, value in values.items())
    return f"    helm:\n      parameters:\n{items}"


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("tag-and-digest", f"{IMAGE}:v2@{DIGEST}'"),
        ("digest", f"{IMAGE}@{DIGEST}'"),
        ("digest-and-comment", f"{IMAGE}@{DIGEST}'  # tag=v2"),
    ],
)
@pytest.mark.parametrize("name", ["", "app=", "registry.example.com:5000/app=", "*="])
def test_an_image_for_kustomize_keeps_the_name_it_replaces(name: str, style: Style, expected: str) -> None:
    text = f"    kustomize:\n      images:\n      - '{name}{IMAGE}:v1'\n"
    assert written(text, style=style) == text.replace(f"{IMAGE}:v1'", expected)


def test_only_what_is_put_in_is_looked_at() -> None:
    text = f"    kustomize:\n      images: ['{IMAGE}=busybox:1', '{IMAGE}=*:v1', '=', '']\n"
    assert written(text) == text


def test_an_escaped_image_is_told() -> None:
    text = '    kustomize: {images: ["app=ghcr.io\\/acme\\/app:v1"]}\n'
    result = pinned(text)
    assert result.new == result.old
    assert [seen.reason for seen in result.seen] == ["it is written with escapes: write it plainly"]


@pytest.mark.parametrize("style", ["tag-and-digest", "digest", "digest-and-comment"])
def test_parameters_go_together_in_every_style(style: Style) -> None:
    text = parameters(image_repository=IMAGE, image_tag="v1", image_digest="''")
    assert written(text, style=style) == text.replace("v1", "v2").replace("''", f"'{DIGEST}'")
    alone = parameters(image_repository=IMAGE, image_tag="v1")
    assert written(alone, style=style) == alone.replace("v1", f"v2@{DIGEST}")
    bare = parameters(image_repository=IMAGE, image_digest=OTHER)
    assert written(bare, style=style) == bare.replace(OTHER, DIGEST)


@pytest.mark.parametrize("tag", ["1.10", "0123", "on"])
def test_a_parameter_stays_text(tag: str) -> None:
    text = parameters(image_repository=IMAGE, image_tag="v1", image_digest="''")
    assert f'value: "{tag}"' in written(text, tag)


def test_the_last_parameter_of_a_name_is_what_helm_takes() -> None:
    text = parameters(image_repository=IMAGE, image_tag="v0") + "      - {name: image.tag, value: v1}\n"
    assert written(text) == text.replace("v1", f"v2@{DIGEST}")


def test_parameters_of_other_images_stay() -> None:
    text = parameters(
        image_repository="ghcr.io/acme/web", image_tag="v1", appImage_repository=IMAGE, appImage_tag="v1"
    )
    head, _, tail = text.rpartition("v1")
    assert written(text) == f"{head}v2@{DIGEST}{tail}"


def test_an_image_without_a_parameter_for_the_digest_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        pinned(parameters(backend_image_repository=IMAGE))
    (violation,) = caught.value.violations
    assert violation.startswith("app.yaml:7:49: spec.source.helm.parameters[0].value: it has no parameter that holds")
    assert "add backend.image.digest if the chart knows that, or else backend.image.tag" in violation


def test_values_that_are_a_text_stay() -> None:
    text = f"    helm:\n      values: |\n        image: {{repository: {IMAGE}, tag: v1}}\n"
    assert written(text) == text


def test_a_tag_of_the_generator_is_no_error() -> None:
    result = pinned(parameters(image_repository=IMAGE, image_tag="'{{ .tag }}'"))
    assert result.new == result.old
    assert [seen.reason for seen in result.seen] == ["it is a template"]
