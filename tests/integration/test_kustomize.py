"""Kustomize builds what was pinned: the same objects as before, with the new images, as its own editor makes them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.harness.delivered import Delivered, delivered
from tests.harness.registry import program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.registry import Registry

Completed = subprocess.CompletedProcess[str]

TREE = Path(__file__).parent.parent / "golden" / "kustomize"
EXAMPLE = "registry.example.com/shop"
CONFIG = """\
version: 1
images:
  app: {{ repositories: [{shop}/app], tags: ["sha-{{sha:7}}"] }}
  web: {{ repositories: [{shop}/web], tags: ["sha-{{sha:7}}"] }}
pin:
  - files: ["deploy/**/kustomization.yaml", "deploy/application.yaml"]
"""
BUILDERS = {"kustomize": ("kustomize", "build"), "kubectl": ("kubectl", "kustomize")}
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
spec:
  source:
    kustomize:
      images:
        - {shop}/app:0.9  # as the manifests name it
        - proxy={shop}/web
"""
OVERLAYS = ("production", "staging")


class Shop:
    """A project with a tree of kustomizations, whose images are pushed."""

    def __init__(self, root: Path, host: str, run_command: Callable[..., Completed]) -> None:
        self.repository = f"{host}/{root.name}"
        self.project: Delivered = delivered(root, CONFIG.format(shop=self.repository))
        self.tree = root / "deploy"
        self._run_command = run_command
        shutil.copytree(TREE, self.tree)
        for file in self.tree.rglob("*.yaml"):
            file.write_text(file.read_text().replace(EXAMPLE, self.repository))
        self.application = self.tree / "application.yaml"
        self.application.write_text(APPLICATION.format(shop=self.repository))

    def pin(self, *arguments: str) -> Completed:
        done = self._run_command("pin", *arguments, cwd=self.project.root)
        assert done.returncode == 0, done.stderr
        return done

    def new(self, name: str) -> str:
        """The reference that the build is to hold."""
        return f"{self.repository}/{name}:sha-{self.project.short}@{self.project.digests[name]}"

    def set_by_kustomize(self, tree: Path) -> None:
        """The same pins by `kustomize edit set image`."""
        for file in tree.rglob("kustomization.yaml"):
            entries = yaml.safe_load(file.read_text())["images"]
            for entry in entries:
                image = entry.get("newName", entry["name"])
                if image.startswith(self.repository):
                    new = self.new(image.rpartition("/")[2])
                    new = new if "newTag" in entry else re.sub(r":sha-\w+", "", new)
                    kustomize("edit", "set", "image", f"{entry['name']}={new}", cwd=file.parent)


def kustomize(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([program("kustomize"), *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout


def built(tree: Path, overlay: str, builder: str = "kustomize") -> str:
    """What an overlay builds."""
    argv = BUILDERS[builder]
    directory = tree / "overlays" / overlay
    return subprocess.run([program(argv[0]), *argv[1:], directory], capture_output=True, text=True, check=True).stdout


def without_images(build: str) -> tuple[list[Any], list[str]]:
    """The objects of a build with their containers' images taken out, and these images."""
    objects = list(yaml.safe_load_all(build))
    images: list[str] = []
    for each in objects:
        spec = each.get("spec", {})
        pod = spec.get("jobTemplate", {}).get("spec", spec).get("template", {}).get("spec", {})
        images += [c.pop("image") for key in ("initContainers", "containers") for c in pod.get(key, ())]
    return objects, images


@pytest.fixture
def shop(tmp_path: Path, registry: Registry, run_command: Callable[..., Completed]) -> Shop:
    return Shop(tmp_path / "shop", registry.host, run_command)


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_build_differs_in_the_images_alone(shop: Shop, builder: str) -> None:
    before = {overlay: without_images(built(shop.tree, overlay, builder)) for overlay in OVERLAYS}
    shop.pin()
    for overlay in OVERLAYS:
        objects, images = without_images(built(shop.tree, overlay, builder))
        assert objects == before[overlay][0]
        assert [image for image in images if "@" not in image] == [
            image for image in before[overlay][1] if "statsd-exporter" in image
        ]
        assert len(images) == len(before[overlay][1]) >= 4
    _, production = without_images(built(shop.tree, "production", builder))
    exporter = "quay.io/prometheus/statsd-exporter:v0.28.1"
    assert sorted(production) == sorted([shop.new("app")] * 4 + [shop.new("web")] * 2 + [exporter])


def test_kustomizes_own_editor_makes_the_same_build(shop: Shop, tmp_path: Path) -> None:
    by_kustomize = tmp_path / "by-kustomize"
    shutil.copytree(shop.tree, by_kustomize)
    shop.set_by_kustomize(by_kustomize)
    shop.pin()
    for overlay in OVERLAYS:
        assert built(shop.tree, overlay) == built(by_kustomize, overlay)


def test_an_editor_of_kustomize_finds_nothing_to_change(shop: Shop) -> None:
    shop.pin()
    builds = [built(shop.tree, overlay) for overlay in OVERLAYS]
    shop.set_by_kustomize(shop.tree)
    assert [built(shop.tree, overlay) for overlay in OVERLAYS] == builds


def test_an_applications_images_are_what_kustomizes_editor_takes(shop: Shop) -> None:
    """Argo CD hands each of them to `kustomize edit set image`."""
    production = shop.tree / "overlays/production"
    before = (production / "kustomization.yaml").read_text()
    shop.pin()
    (production / "kustomization.yaml").write_text(before)
    images = yaml.safe_load(shop.application.read_text())["spec"]["source"]["kustomize"]["images"]
    assert images == [shop.new("app"), f"proxy={shop.new('web')}"]
    kustomize("edit", "set", "image", *images, cwd=production)
    entries = {
        entry["name"]: entry for entry in yaml.safe_load((production / "kustomization.yaml").read_text())["images"]
    }
    tag = f"sha-{shop.project.short}"
    digests = shop.project.digests
    assert entries[f"{shop.repository}/app"] == {
        "name": f"{shop.repository}/app",
        "newTag": tag,
        "digest": digests["app"],
    }
    assert entries["proxy"] == {
        "name": "proxy",
        "newName": f"{shop.repository}/web",
        "newTag": tag,
        "digest": digests["web"],
    }
    assert shop.new("app") in built(shop.tree, "production")


def test_a_second_run_writes_nothing(shop: Shop) -> None:
    shop.pin()
    files = {file: file.stat().st_mtime_ns for file in shop.tree.rglob("*.yaml")}
    shop.pin()
    shop.pin("--check")
    assert {file: file.stat().st_mtime_ns for file in files} == files
