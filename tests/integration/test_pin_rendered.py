"""Pinned values and Compose files as Helm and Compose take them: nothing differs but the images."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ci_toolkit.manifests.pinning import Target, pin
from ci_toolkit.model.reference import Repository
from tests.harness.rendering import compose_config, helm_template

CHART = Path(__file__).parent.parent / "charts" / "shop"
PROJECTS = sorted((Path(__file__).parent.parent / "golden" / "pin" / "compose.yaml").glob("*.in.yaml"))
APP = "ghcr.io/acme/app"
DIGEST = "sha256:" + "d" * 64


def target(*repositories: str, tag: str | None = None) -> Target:
    return Target(
        repositories=frozenset(map(Repository.parse, repositories)), digest=DIGEST, tag=tag, style="tag-and-digest"
    )


def pinned(file: Path, wanted: Target) -> None:
    """Pin a file where it is."""
    file.write_bytes(pin(file.read_bytes(), str(file), [wanted]).new)


def differences(before: Any, after: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """What differs, by its path."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        pairs = [(f"{path}.{key}", before[key], after[key]) for key in before]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(f"{path}[{index}]", *each) for index, each in enumerate(zip(before, after, strict=True))]
    else:
        return {} if before == after else {path: (before, after)}
    return {key: each for pair in pairs for key, each in differences(pair[1], pair[2], pair[0]).items()}


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHART, tmp_path / "shop"))


def containers(objects: dict[str, Any]) -> dict[str, str]:
    """Images by the containers of the chart's pod."""
    found = objects["shop/templates/pod.yaml"]["spec"]["containers"]
    return {container["name"]: container["image"] for container in found}


def test_a_chart_differs_in_its_images_alone_and_has_the_digest_in_each(chart: Path) -> None:
    before = helm_template(chart)
    pinned(chart / "values.yaml", target(APP))
    after = helm_template(chart)
    assert containers(after) == {
        "bitnami": f"{APP}@{DIGEST}",
        "same": f"{APP}@{DIGEST}",
        "ingress": f"{APP}:v1.10.0@{DIGEST}",
        "released": f"{APP}:2.0@{DIGEST}",
        "plain": f"{APP}:1.10@{DIGEST}",
        "elastic": f"{APP}:8.5.1@{DIGEST}",
        "grafana": f"{APP}:11.0.0@{DIGEST}",
        "whole": f"{APP}:1@{DIGEST}",
        "other": "ghcr.io/acme/app-web:1.10",
        "extra": f"{APP}@{DIGEST}",
    }
    changed = differences(before, after)
    assert {path.rpartition(".")[2] for path in changed} == {"image"}
    assert len(changed) == 10, "all of the pod's but one, and the dependency's"
    assert changed[".shop/charts/web/templates/deployment.yaml.spec.template.spec.containers[0].image"][1] == (
        f"{APP}:3@{DIGEST}"
    )


def test_a_tag_goes_with_the_digest(chart: Path) -> None:
    pinned(chart / "values.yaml", target(APP, tag="2.1"))
    images = containers(helm_template(chart))
    assert images.pop("other") == "ghcr.io/acme/app-web:1.10"
    assert images.pop("bitnami") == images.pop("same") == f"{APP}@{DIGEST}", "their digest stands for the tag"
    assert set(images.values()) == {f"{APP}:2.1@{DIGEST}"}


def test_a_registry_for_all_decides_which_image_it_is(chart: Path) -> None:
    values = chart / "values.yaml"
    values.write_text(values.read_text().replace('imageRegistry: ""', "imageRegistry: localhost:5000"))
    before = helm_template(chart)
    pinned(values, target("localhost:5000/acme/app"))
    changed = [new for _, new in differences(before, helm_template(chart)).values()]
    whole = f"localhost:5000/acme/app@{DIGEST}"
    ends = (":v1.10.0", ":11.0.0")
    assert changed == [whole, whole, *(whole.replace("@", f"{end}@") for end in ends)], "what names its registry apart"


@pytest.mark.parametrize("name", ["values-production.yaml", "production.yaml"])
def test_values_given_to_a_chart_have_any_name(chart: Path, name: str) -> None:
    file = chart.parent / name
    file.write_text(f"web: {{ image: {{ repository: {APP}, tag: '4' }} }}\nimage: {{ tag: '2', digest: '' }}\n")
    before = helm_template(chart, file)
    pinned(file, target(APP))
    changed = differences(before, helm_template(chart, file))
    assert list(changed.values()) == [(f"{APP}:4", f"{APP}:4@{DIGEST}")]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda file: file.name)
def test_a_project_differs_in_its_images_alone(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    shutil.copy(project, file)
    before = compose_config(file, REGISTRY="ghcr.io/acme")
    places = pin(file.read_bytes(), "compose.yaml", [target(APP, "nginx", "localhost:5000/app")]).places
    pinned(file, target(APP, "nginx", "localhost:5000/app"))
    changed = differences(before, compose_config(file, REGISTRY="ghcr.io/acme"))
    assert {path.rpartition(".")[2] for path in changed} <= {"image", "source", "base"}
    assert sorted(f"{old}@{DIGEST}" for old, _ in changed.values()) == sorted(new for _, new in changed.values())
    assert len([path for path in changed if path.startswith(".services")]) == len(places)
