"""Compose files: what services run is pinned, what Compose builds keeps its name."""

from __future__ import annotations

import pytest

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.formats import format_of
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository

IMAGE = "ghcr.io/acme/app"
DIGEST = "sha256:" + "d" * 64
TARGET = Target(repositories=frozenset({Repository.parse(IMAGE)}), digest=DIGEST, tag="2", style="tag-and-digest")
NEW = f"{IMAGE}:2@{DIGEST}"


def pinned(text: str) -> Pinned:
    """What becomes of the file; what comes out is never changed again."""
    result = pin(text.encode(), "compose.yaml", [TARGET])
    assert pin(result.new, "compose.yaml", [TARGET]).new == result.new
    return result


@pytest.mark.parametrize(
    "name",
    ["compose.yaml", "compose.yml", "a/compose.override.yaml", "docker-compose.yml", "docker-compose.prod.yaml",
     "compose-dev.yaml", "prod.docker-compose.yml", "my-compose.yaml", "a/test_compose.yml"],
)  # fmt: skip
def test_compose_files_have_these_names(name: str) -> None:
    assert format_of(name, "").name == "compose"


@pytest.mark.parametrize("name", ["compose.json", "composer.yaml", "docker-composer.yaml", "composer/a.yaml"])
def test_other_files_are_read_as_something_else(name: str) -> None:
    assert format_of(name, "").name != "compose"


def test_an_object_of_kubernetes_is_one_whatever_its_files_name() -> None:
    text = f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: '{IMAGE}:2'}}]}}\n"
    assert pin(text.encode(), "compose-service.yaml", [TARGET]).new.decode() == text.replace(f"{IMAGE}:2", NEW)


@pytest.mark.parametrize(
    "text",
    [
        f"services: {{ app: {{ image: {IMAGE}:1 }} }}\n",
        f"services: {{ app: {{ image: '${{APP:-{IMAGE}:1}}' }} }}\n",
        f'{{"services":{{"app":{{"image":"{IMAGE}:1"}}}}}}\n',
        f"services: {{ app: {{ volumes: [{{ source: '{IMAGE}:1', target: /a, type: image }}] }} }}\n",
        f"services: {{ app: {{ build: {{ additional_contexts: {{ a: docker-image://{IMAGE}:1 }} }} }} }}\n",
        f"services: {{ app: {{ build: {{ additional_contexts: ['a=docker-image://{IMAGE}:1'] }} }} }}\n",
    ],
)
def test_what_services_run_mount_and_build_on_is_pinned(text: str) -> None:
    result = pinned(text)
    assert result.new.decode() == text.replace(f"{IMAGE}:1", NEW)
    assert [(place.old, place.new) for place in result.places] == [(f"{IMAGE}:1", NEW)]


@pytest.mark.parametrize(
    "text",
    [
        f"image: {IMAGE}:1\n",
        f"services: [{{ images: {IMAGE}:1 }}]\n",
        f"services: {{ image: {IMAGE}:1 }}\n",
        f"services: {{ app: {{ volumes: ['{IMAGE}:1'], labels: {{ image: {IMAGE}:1 }} }} }}\n",
        f"services: {{ app: {{ volumes: [{{ type: volume, source: {IMAGE}:1, image: {{ subpath: a }} }}] }} }}\n",
        f"services: {{ app: {{ build: {{ tags: [{IMAGE}:1], cache_from: [{IMAGE}:1] }} }} }}\n",
        f"services: {{ app: {{ build: {{ additional_contexts: {{ a: {IMAGE}, b: 'service:app' }} }} }} }}\n",
        f"x-image: {IMAGE}:1\nservices: {{ app: {{ environment: {{ image: {IMAGE}:1 }} }} }}\n",
    ],
)
def test_nothing_else_is(text: str) -> None:
    result = pinned(text)
    assert (result.new, result.places) == (text.encode(), ())


def test_the_name_of_what_compose_builds_is_left_alone_wherever_it_is_run() -> None:
    text = (
        f"services:\n  a: {{ image: {IMAGE}:1 }}\n  b: {{ build: ., image: {IMAGE}:1 }}\n  c: {{ image: {IMAGE}:0 }}\n"
    )
    result = pinned(text)
    assert result.new.decode() == text.replace(f"{IMAGE}:0", NEW)
    assert [(seen.line, seen.reason) for seen in result.seen] == [
        (2, "Compose builds it, and gives it this name"),
        (3, "Compose builds it, and gives it this name"),
    ]


def test_an_image_shared_with_what_is_none_is_refused() -> None:
    text = f"services:\n  a: {{ image: &i {IMAGE}:1 }}\n  b: {{ image: nginx, environment: {{ APP: *i }} }}\n"
    with pytest.raises(ConfigError) as caught:
        pinned(text)
    assert "compose.yaml:3:" in caught.value.violations[0]
    assert "services.b.environment.APP, which is no image" in caught.value.violations[0]


def test_extension_fields_are_there_to_be_shared() -> None:
    text = f"x-app: &app {{ image: &i {IMAGE}:1 }}\nservices:\n  a: *app\n  b: {{ <<: *app }}\n  c: {{ image: *i }}\n"
    result = pinned(text)
    assert result.new.decode() == text.replace(f"{IMAGE}:1", NEW)
    assert [place.path for place in result.places] == [f"services.{name}.image" for name in "abc"]
