"""Images signed by cosign and with artifacts attached by oras: both tools find them again after a copy."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.reference import Repository
from tests.harness.copying import Copying
from tests.harness.pushing import Pushing, destinations, sample_image
from tests.harness.registry import program, running_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.registry.destinations import Destinations

_SIGN = ("sign", "--yes", "--tlog-upload=false", "--use-signing-config=false", "--allow-http-registry")
_VERIFY = ("verify", "--insecure-ignore-tlog=true", "--allow-http-registry")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two registries."""
    scratch = tmp_path_factory.mktemp("registries")
    with running_registry(scratch / "one") as one, running_registry(scratch / "two") as two:
        yield one.host, two.host


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `k.key` and `k.pub`."""
    directory = tmp_path_factory.mktemp("keys")
    tool("cosign", "generate-key-pair", "--output-key-prefix", str(directory / "k"))
    return directory


@pytest.fixture
def there() -> Iterator[Destinations]:
    with destinations() as opened:
        yield opened


def tool(name: str, *arguments: str) -> str:
    env = {**os.environ, "COSIGN_PASSWORD": "x"}
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("bundle", ["true", "false"], ids=["as a bundle", "under a tag"])
@pytest.mark.parametrize("far", [False, True], ids=["within a registry", "to another registry"])
def test_cosign_verifies_the_copy(
    hosts: tuple[str, str], keys: Path, there: Destinations, tmp_path: Path, bundle: str, *, far: bool
) -> None:
    """The index and each platform were signed (`--recursive`)."""
    layout, root = sample_image(tmp_path / "layout", salt=f"{bundle}{far}")
    name = f"test/signed-{bundle}-{far}".lower()
    origin = Repository.parse(f"{hosts[0]}/{name}")
    Pushing(there, origin, layout, root)()
    signing = (*_SIGN, f"--new-bundle-format={bundle}", "--recursive", "--key", str(keys / "k.key"))
    tool("cosign", *signing, str(origin.at(root.digest)))
    to = Repository.parse(f"{hosts[1 if far else 0]}/{name}-prod")
    Copying(there, origin, to)()
    platforms = json.loads(layout.read(root))["manifests"][:2]
    for digest in (str(root.digest), *(platform["digest"] for platform in platforms)):
        tool("cosign", *_VERIFY, f"--new-bundle-format={bundle}", "--key", str(keys / "k.pub"), f"{to}@{digest}")
    assert Copying(there, origin, to).plan().is_done


def test_oras_finds_what_it_attached(hosts: tuple[str, str], there: Destinations, tmp_path: Path) -> None:
    layout, root = sample_image(tmp_path / "layout", salt="oras")
    origin = Repository.parse(f"{hosts[0]}/test/oras")
    Pushing(there, origin, layout, root)()
    (tmp_path / "sbom.json").write_text("{}")
    attaching = ("attach", "--plain-http", "--disable-path-validation", "--artifact-type", "application/spdx+json")
    tool("oras", *attaching, str(origin.at(root.digest)), f"{tmp_path / 'sbom.json'}:application/spdx+json")
    to = Repository.parse(f"{hosts[1]}/test/oras")
    Copying(there, origin, to)()

    def discovered(repository: Repository) -> list[str]:
        told = json.loads(
            tool("oras", "discover", "--plain-http", "--format", "json", str(repository.at(root.digest)))
        )
        return [found["digest"] for found in told["referrers"]]

    assert discovered(to) == discovered(origin)
    assert len(discovered(to)) == 1
