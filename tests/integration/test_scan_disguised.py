"""What a machine would run is scanned, or the scan is refused: whatever an image says that its parts are."""

from __future__ import annotations

import gzip
import json
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import OCI_INDEX, Descriptor, Index, Manifest
from ci_toolkit.model.reference import Repository
from tests.harness.images import DEBIAN_12, make_image
from tests.harness.named_scans import FINE, VULNERABLE, Places
from tests.harness.pushing import destinations
from tests.harness.registry import running_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Command = Callable[..., subprocess.CompletedProcess[str]]

BOTH = {"linux/amd64": FINE, "linux/arm64": VULNERABLE}
ATTESTATION = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
NOWHERE = {"os": "unknown", "architecture": "unknown"}
IN_OTHER_CASE = {"platform": {**NOWHERE, "OS": "linux", "Architecture": "arm64"}}
DOUBTFUL = [
    ({"platform": None}, "for no platform: a machine may run it"),
    ({"platform": None, **ATTESTATION}, "for no platform: a machine may run it"),
    ({"mediaType": "application/x"}, "'application/x' for linux/arm64: a machine may run it"),
    (IN_OTHER_CASE, "it names a field twice: architecture, os"),
]


def disguised(places: Places, change: Mapping[str, Any]) -> tuple[Layout, Descriptor]:
    """A layout `image` of a fine platform and a vulnerable one, of which the index says something else."""
    layout, root = places.layout("image", BOTH)
    document = json.loads(layout.read(root))
    document["manifests"][1] |= change
    body = json.dumps(document).encode()
    changed = Descriptor(OCI_INDEX, layout.add(body), len(body))
    layout.write_entries([changed])
    return layout, changed


def test_an_attestation_for_a_machine_is_an_image(places: Places, run_command: Command) -> None:
    places.config()
    disguised(places, ATTESTATION)
    result = run_command("scan", "oci:image", cwd=places.root)
    assert (result.returncode, "(linux/amd64 pass, linux/arm64 fail)" in result.stdout) == (1, True)


@pytest.mark.parametrize(("change", "said"), DOUBTFUL)
def test_a_child_that_may_be_run_is_not_left_out(
    places: Places, run_command: Command, change: Mapping[str, Any], said: str
) -> None:
    places.config()
    disguised(places, change)
    result = run_command("scan", "oci:image", cwd=places.root)
    assert (result.returncode, result.stdout) == (5, "")
    assert said in result.stderr


def test_nor_is_one_on_a_registry(places: Places, run_command: Command) -> None:
    repository = places.config()
    layout, root = disguised(places, {"platform": None})
    with destinations() as there:
        there.push(repository, layout, root, ("1",))
    result = run_command("scan", f"{repository}:1", cwd=places.root)
    assert (result.returncode, result.stdout) == (5, "")
    assert "for no platform: a machine may run it" in result.stderr


@pytest.mark.parametrize("where", ["layout", "registry"])
def test_layers_that_claim_one_id_are_all_looked_at(places: Places, run_command: Command, where: str) -> None:
    repository = places.config()
    place = places.root / "image"
    # No other scan knows anything of this layer.
    fine = {**DEBIAN_12, "etc/only-here": uuid.uuid4().hex}
    layers = {"linux/amd64": [fine, VULNERABLE[1]]}
    root = make_image(place, layers, claims=[fine, fine])
    target = "oci:image"
    if where == "registry":
        with destinations() as there:
            there.push(repository, Layout(place), root, ("1",))
        target = f"{repository}:1"
    result = run_command("scan", target, cwd=places.root)
    assert (result.returncode, "CVE-2019-10906" in result.stdout) == (1, True), result.stderr


def test_a_registry_that_sends_other_layers_is_found_out(places: Places, run_command: Command, tmp_path: Path) -> None:
    places.config()
    layout, root = places.layout("image", {"linux/amd64": VULNERABLE})
    image = layout.document(root)
    assert isinstance(image, Index)
    manifest = layout.document(image.manifests[0])
    assert isinstance(manifest, Manifest)
    evil, fine = manifest.layers[1].digest, gzip.compress(b"\0" * 1024)
    with running_registry(tmp_path / "registry") as registry:
        repository = Repository(registry.host, "app")
        with destinations() as there:
            there.push(repository, layout, root, ("1",))
        (sent,) = (tmp_path / "registry").rglob(f"{evil.hex}/data")
        sent.write_bytes(fine)
        result = run_command("scan", f"{repository}:1", cwd=places.root)
    assert (result.returncode, result.stdout) == (5, "")
    assert f"blob {evil}: {len(fine)} bytes arrived with another size or hash" in result.stderr


def test_an_archive_of_two_images_is_none(places: Places, run_command: Command) -> None:
    repository = places.config()
    places.pushed(repository, "1", {"linux/amd64": [{"etc/only-here": uuid.uuid4().hex}, *FINE]})
    name = places.in_engine(f"{repository}:1")
    whole = places.root / "whole"
    whole.mkdir()
    subprocess.run(["docker", "save", "-o", places.root / "saved.tar", name], check=True, capture_output=True)
    subprocess.run(["docker", "rmi", name], check=True, capture_output=True)
    assert run_command("scan", "saved.tar", cwd=places.root).returncode == 0
    subprocess.run(["tar", "-xf", places.root / "saved.tar", "-C", whole], check=True)
    make_image(whole, {"linux/amd64": VULNERABLE})
    subprocess.run(["tar", "-cf", places.root / "saved.tar", "-C", whole, "."], check=True)
    result = run_command("scan", "saved.tar", cwd=places.root)
    assert (result.returncode, result.stdout) == (5, "")
    assert "holds other images by its `index.json` than by its `manifest.json`" in result.stderr


def test_a_link_in_the_workdir_gives_trivy_nothing_of_the_checkout(places: Places, run_command: Command) -> None:
    places.config()
    places.layout("image", {"linux/amd64": FINE})
    planted = places.root / "planted" / "empty"
    planted.mkdir(parents=True)
    (planted / "filter.wasm").write_bytes(b"\0asm\1\0\0\0")
    (places.root / ".ci-toolkit").mkdir()
    (places.root / ".ci-toolkit" / "scan").symlink_to("../planted")
    result = run_command("scan", "oci:image", cwd=places.root)
    assert (result.returncode, result.stdout) == (2, "")
    assert ".ci-toolkit/scan is a link, and what a run keeps lies in its workdir itself" in result.stderr


def test_a_cache_that_came_with_the_checkout_is_not_believed(places: Places, run_command: Command) -> None:
    places.config()
    places.layout("image", {"linux/amd64": FINE})
    env = {"XDG_CACHE_HOME": str(places.root / ".cache")}
    subprocess.run(["git", "init", "-q", places.root], check=True)
    assert run_command("scan", "oci:image", cwd=places.root, env=env).returncode == 0
    (places.root / "planted").mkdir()
    (places.root / ".cache" / "ci-toolkit").rename(places.root / "planted" / "ci-toolkit")
    (places.root / ".cache").rmdir()
    (places.root / ".cache").symlink_to("planted")
    subprocess.run(["git", "add", "-f", "planted"], cwd=places.root, check=True)
    result = run_command("scan", "oci:image", cwd=places.root, env=env)
    assert (result.returncode, result.stdout) == (2, "")
    assert "/ci-toolkit/trivy is in git, and what the scanner knows isn't for a change to say" in result.stderr
