"""`digest`, `tags`, `copy` and `inspect` as people call them: without a config, with one, and with their mistakes."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.oci import parse_index
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.credentials import Credential
from tests.harness.copying import WRITES, attach, cosign_manifest
from tests.harness.pushing import Pushing, destinations, sample_image
from tests.harness.registry import PASSWORD, USER, running_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from tests.harness.proxy import FaultServer
    from tests.harness.registry import Registry

Completed = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that wants a login."""
    with running_registry(tmp_path_factory.mktemp("closed"), htpasswd=True) as running:
        yield running


@pytest.fixture(scope="module")
def shown(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, Layout, Descriptor]:
    """An image with an SBOM and a signature."""
    layout, root = sample_image(tmp_path_factory.mktemp("shown") / "layout", salt="shown")
    repository = Repository.parse(f"{registry.host}/commands/app")
    with destinations() as there:
        Pushing(there, repository, layout, root)()
        client = there.repository(repository, write=True)
        attach(client, root, "application/spdx+json", "sbom")
        cosign_manifest(client, ["one"], tag=f"sha256-{root.digest.hex}.sig")
    return repository, layout, root


@pytest.fixture
def run(tmp_path: Path, run_command: Callable[..., Completed]) -> Callable[..., Completed]:
    (tmp_path / "home").mkdir()
    env = {"HOME": str(tmp_path / "home"), "DOCKER_CONFIG": ""}
    return lambda *arguments, **more: run_command(*arguments, cwd=tmp_path, env={**env, **more}, timeout=60)


def test_digest(run: Callable[..., Completed], shown: tuple[Repository, Layout, Descriptor]) -> None:
    repository, layout, root = shown
    assert run("digest", f"{repository}:1.0").stdout == f"{root.digest}\n"
    assert run("digest", str(repository)).stdout == f"{root.digest}\n", "latest, where nothing is said"
    arm = parse_index(layout.read(root)).platforms["linux/arm64"]
    for platform in ("linux/arm64", "linux/arm64/v8"):
        assert run("digest", f"{repository}:1.0", "--platform", platform).stdout == f"{arm}\n"
    told = json.loads(run("digest", f"{repository}@{root.digest}", "--format", "json").stdout)
    assert (told["digest"], told["size"]) == (str(root.digest), root.size)


def test_mistakes_are_told_with_what_to_do(
    run: Callable[..., Completed], shown: tuple[Repository, Layout, Descriptor]
) -> None:
    repository = shown[0]
    for arguments, code, words in (
        (("digest", f"{repository}:1.1"), 4, ("doesn't exist", "did you mean 1.0?")),
        (("digest", f"{repository}-not:1.0"), 4, ("doesn't exist", "is the name right")),
        (("digest", f"{repository}:1.0", "--platform", "linux/arm"), 2, ("no linux/arm", "linux/amd64, linux/arm64")),
        (("digest", "http://ghcr.io/a"), 2, ("scheme",)),
        (("digest", "oci:out"), 2, ("layout on disk",)),
        (("tags", f"{repository}:1.0"), 2, ("full reference",)),
        (("tags", f"{repository}-not"), 4, ("has no tags",)),
        (("copy", f"{repository}:1.0", "oci:out"), 2, ("layout on disk",)),
        (("copy", f"{repository}:1.0", f"{repository}@sha256:{'0' * 64}"), 2, ("names a digest",)),
        (("copy", f"{repository}:9.9", f"{repository}-new"), 4, ("9.9 doesn't exist",)),
        (("inspect", f"{repository}:9.9"), 4, ("9.9 doesn't exist",)),
        (("digest", "127.0.0.1:1/app"), 4, ("no answer",)),
        (("digest", f"{repository}", "-c", "none.yml"), 2, ("none.yml",)),
    ):
        result = run(*arguments)
        assert (result.returncode, result.stdout) == (code, ""), arguments
        assert all(word in result.stderr for word in words), result.stderr
        assert "Traceback" not in result.stderr


def test_tags(run: Callable[..., Completed], shown: tuple[Repository, Layout, Descriptor]) -> None:
    repository, _, root = shown
    names = run("tags", str(repository)).stdout.splitlines()
    assert names == ["latest", f"sha256-{root.digest.hex}", f"sha256-{root.digest.hex}.sig", "1.0"]
    told = json.loads(run("tags", str(repository), "--digests", "--format", "json").stdout)
    assert told["tags"] == names
    assert told["digests"]["1.0"] == told["digests"]["latest"] == str(root.digest)
    lines = run("tags", str(repository), "--digests").stdout.splitlines()
    assert lines[-1].split() == ["1.0", str(root.digest)]


def test_copy_plans_then_does_it_then_has_nothing_to_do(
    run: Callable[..., Completed], shown: tuple[Repository, Layout, Descriptor], proxy: FaultServer
) -> None:
    repository, _, root = shown
    source, target = f"{proxy.host}/{repository.path}:1.0", f"{proxy.host}/commands/copied"
    planned = run("copy", source, target, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "would be mounted" in planned.stdout
    assert [e for e in proxy.seen if e.method in WRITES] == []
    done = run("copy", source, target)
    assert done.returncode == 0, done.stderr
    assert "8 mounted" not in planned.stdout
    assert " mounted, " in done.stdout
    assert "SBOM (SPDX)" in done.stdout
    assert "signature (cosign tag)" in done.stdout
    assert run("digest", f"{target}:1.0").stdout == f"{root.digest}\n"
    proxy.reset()
    again = json.loads(run("copy", source, target, "--format", "json").stdout)
    assert (again["done"], again["unchanged"], again["attach"]) == (True, ["1.0"], [])
    assert [e for e in proxy.seen if e.method in WRITES] == []


def test_copy_tells_from_which_digest_a_tag_moves(
    run: Callable[..., Completed], shown: tuple[Repository, Layout, Descriptor]
) -> None:
    repository, layout, root = shown
    arm = parse_index(layout.read(root)).platforms["linux/arm64"]
    target = f"{repository}-moved"
    assert run("copy", f"{repository}@{arm}", f"{target}:stable").returncode == 0
    moved = run("copy", f"{repository}:1.0", f"{target}:stable", "--no-artifacts")
    assert f"stable  moved from {arm}" in moved.stdout
    assert "attached" not in moved.stdout
    untagged = run("copy", f"{repository}@{root.digest}", f"{repository}-untagged")
    assert "tag       none" in untagged.stdout


def test_inspect(run: Callable[..., Completed], shown: tuple[Repository, Layout, Descriptor]) -> None:
    repository, layout, root = shown
    text = run("inspect", f"{repository}:1.0").stdout
    platforms = parse_index(layout.read(root)).platforms
    assert all(f"{name}  {digest}" in text for name, digest in platforms.items())
    assert "\x1b" not in text
    told = json.loads(run("inspect", f"{repository}:1.0", "--format", "json").stdout)
    assert [p["platform"] for p in told["platforms"]] == list(platforms)
    assert [p["layers"] for p in told["platforms"]] == [3, 3]
    assert [a["kind"] for a in told["attached"]] == ["SBOM (SPDX)", "signature (cosign tag)"]
    assert told["attestations"][0]["platform"] == "linux/amd64"
    single = json.loads(run("inspect", f"{repository}@{platforms['linux/amd64']}", "--format", "json").stdout)
    assert [p["platform"] for p in single["platforms"]] == ["linux/amd64"]


def test_the_config_that_is_found_gives_the_login(
    run: Callable[..., Completed], closed: Registry, tmp_path: Path
) -> None:
    repository = Repository.parse(f"{closed.host}/commands/closed")
    layout, root = sample_image(tmp_path / "layout")
    with destinations(login=Credential(USER, PASSWORD), hosts=(closed.host,)) as there:
        Pushing(there, repository, layout, root)()
    refused = run("digest", f"{repository}:1.0")
    assert refused.returncode == 4
    assert f"docker login {closed.host}" in refused.stderr
    registries = {closed.host: {"auth": {"username": USER, "password": "${REG_PASSWORD}"}}}
    config = {"version": 1, "registries": registries, "images": {"app": {"repositories": [str(repository)]}}}
    (tmp_path / ".ci-toolkit.yml").write_text(json.dumps(config), encoding="utf-8")
    aside = run("digest", f"{repository}:1.0")
    assert aside.returncode == 4
    assert "REG_PASSWORD" in aside.stderr, "an unset variable is told, and isn't in the way"
    found = run("digest", f"{repository}:1.0", REG_PASSWORD=PASSWORD)
    assert found.stdout == f"{root.digest}\n", found.stderr
    assert PASSWORD not in found.stderr


def test_the_docker_config_gives_the_login(run: Callable[..., Completed], closed: Registry, tmp_path: Path) -> None:
    repository = Repository.parse(f"{closed.host}/commands/docker")
    layout, root = sample_image(tmp_path / "layout")
    with destinations(login=Credential(USER, PASSWORD), hosts=(closed.host,)) as there:
        Pushing(there, repository, layout, root)()
    (tmp_path / "home/.docker").mkdir()
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (tmp_path / "home/.docker/config.json").write_text(json.dumps({"auths": {closed.host: {"auth": auth}}}))
    found = run("inspect", f"{repository}:1.0", "-v")
    assert found.returncode == 0, found.stderr
    assert str(root.digest) in found.stdout
    assert PASSWORD not in found.stdout + found.stderr
