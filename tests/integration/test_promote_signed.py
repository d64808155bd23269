"""A signed image from build to production, over two registries that want logins; its signatures verify there."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.attestation import PREDICATE, ScanAttestation
from ci_toolkit.model.digest import Digest
from tests.harness.delivered import MANIFEST, Delivered, delivered
from tests.harness.proxy import FaultServer
from tests.harness.registry import PASSWORD, USER, Issuer, program, running_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.harness.registry import Registry

Completed = subprocess.CompletedProcess[str]

CONFIG = """\
version: 1
registries:
  {source}: {{ auth: {{ username: {user}, password: "${{REGISTRY_PASSWORD}}" }} }}
  {target}: {{ auth: {{ username: {user}, password: "${{REGISTRY_PASSWORD}}" }} }}
images:
  app: {{ repositories: [{source}/signed/app], tags: ["sha-{{sha:7}}"] }}
environments:
  staging: {{ tags: [staging], pin: ["deploy/staging/*.yaml"] }}
  production:
    from: staging
    tags: ["production-{{sha:7}}", production]
    immutable-tags: ["production-*"]
    repositories: {{ app: [{target}/prod/app] }}
    pin: ["deploy/production/*.yaml"]
"""
NO_LOG = ("--insecure-ignore-tlog=true", "--allow-http-registry")


@dataclass(frozen=True)
class World:
    """A signed image in one registry, another registry to promote it to, and a login for both."""

    project: Delivered
    source: FaultServer
    target: FaultServer
    env: dict[str, str]

    def tool(self, *argv: str) -> str:
        """What crane or cosign prints, logged in."""
        done = subprocess.run(
            [program(argv[0]), *argv[1:]],
            cwd=self.project.root,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Registry, Registry]]:
    base = tmp_path_factory.mktemp("registries")
    with (
        Issuer(base / "issuer").running() as issuer,
        running_registry(base / "source", htpasswd=True) as source,
        running_registry(base / "target", issuer=issuer) as target,
    ):
        yield source, target


@pytest.fixture
def world(tmp_path: Path, registries: tuple[Registry, Registry]) -> Iterator[World]:
    with FaultServer(registries[0].host).running() as source, FaultServer(registries[1].host).running() as target:
        config = CONFIG.format(source=source.host, target=target.host, user=USER)
        env = {"REGISTRY_PASSWORD": PASSWORD, "COSIGN_PASSWORD": "", "DOCKER_CONFIG": str(tmp_path / "docker")}
        project = delivered(tmp_path / "project", config, env=env)
        for environment, repository in (
            ("staging", f"{source.host}/signed/app"),
            ("production", f"{target.host}/prod/app"),
        ):
            path = project.root / "deploy" / environment / "app.yaml"
            path.parent.mkdir(parents=True)
            path.write_text(MANIFEST.format(environment=environment, repository=repository))
        _log_in(tmp_path / "docker", source.host, target.host)
        made = World(project, source, target, env)
        made.tool("cosign", "generate-key-pair")
        yield made


def _log_in(directory: Path, *hosts: str) -> None:
    directory.mkdir()
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (directory / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth} for host in hosts}}))


@pytest.mark.parametrize("bundle", ["--new-bundle-format=false", "--new-bundle-format=true"])
def test_a_signed_image_from_build_to_production(
    world: World, run_command: Callable[..., Completed], bundle: str
) -> None:
    project, digest = world.project, world.project.digests["app"]
    image = f"{world.source.host}/signed/app@{digest}"
    sign = ("--yes", "--key", "cosign.key", "--tlog-upload=false", "--use-signing-config=false", bundle)
    world.tool("cosign", "sign", *sign, "--allow-http-registry", image)
    statement = ScanAttestation(digest=Digest(digest), result="PASSED").as_json("app")
    (project.root / "predicate.json").write_text(json.dumps(statement["predicate"]))
    attest = ("--type", PREDICATE, "--predicate", "predicate.json")
    world.tool("cosign", "attest", *sign, *attest, "--allow-http-registry", image)
    outputs = []
    for environment in ("staging", "production", "production"):
        world.source.seen.clear()
        world.target.seen.clear()
        done = run_command("promote", environment, "-v", cwd=project.root, env=world.env)
        assert done.returncode == 0, done.stderr
        outputs += [done.stdout, done.stderr]
    written = {e.method for e in (*world.source.seen, *world.target.seen)} - {"GET", "HEAD"}
    assert written == set()
    there = f"{world.target.host}/prod/app"
    for reference in (f"{world.source.host}/signed/app:staging", f"{there}:production"):
        assert world.tool("crane", "digest", reference).strip() == digest
    verify = ("--key", "cosign.pub", *NO_LOG, bundle)
    assert digest in world.tool("cosign", "verify", *verify, f"{there}@{digest}")
    said = world.tool("cosign", "verify-attestation", "--type", PREDICATE, *verify, f"{there}:production")
    (project.root / "attestation.json").write_text(said)
    project.state_file.unlink()
    assert "[verdict]" in run_command("lint", cwd=project.root, env=world.env).stdout
    done = run_command("lint", "--attestation", "attestation.json", cwd=project.root, env=world.env)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run_command("promote", "production", "--attestation", "attestation.json", cwd=project.root, env=world.env)
    assert done.returncode == 0, done.stderr
    outputs += [done.stdout, done.stderr, project.state_file.read_text()]
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    for secret in (PASSWORD, auth):
        assert not any(secret in output for output in outputs)


def test_no_secret_is_in_the_process_list(world: World, run_command: Callable[..., Completed]) -> None:
    """The promotion's first request waits until everything that runs was looked at."""
    seen: list[str] = []

    def look(exchange: object) -> None:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(line.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
        exchange.answer(exchange.forward())  # type: ignore[attr-defined]

    world.source.rule("", "", look)
    done = run_command("promote", "staging", cwd=world.project.root, env=world.env)
    assert done.returncode == 0, done.stderr
    assert any("promote staging" in line for line in seen)
    assert not any(PASSWORD in line for line in seen)
