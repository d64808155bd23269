"""A quarantine repository on registries of every kind: what is put there, read there, and taken away."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.state import ImageState, Pushed
from ci_toolkit.steps.quarantine import Quarantine
from tests.harness.builds import BOTH, EMPTY, Bench, Heard, image_options, write_context
from tests.harness.pushing import destinations, sample_image
from tests.harness.registry import PASSWORD, USER, Issuer, Registry, running_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.registry.destinations import Destinations
    from tests.conftest import Stack


@contextmanager
def opened(registry: Registry) -> Iterator[tuple[Destinations, Quarantine, Heard]]:
    """Registries, and a quarantine on this one."""
    heard = Heard()
    login = Credential(username=USER, password=PASSWORD)
    with destinations(hosts=(registry.host,), login=login, progress=heard, attempts=1) as registries:
        yield registries, Quarantine(Repository(registry.host, "quarantine"), registries, heard), heard


def state_of(quarantine: Quarantine, layout_at: Path, salt: str = "") -> ImageState:
    """An image that is put into quarantine, as a build records it."""
    layout, root = sample_image(layout_at, salt=salt)
    quarantine.take_in(layout, root)
    built = quarantine.look("app", root.digest).built
    return ImageState(
        digest=root.digest,
        platforms=dict(built.platforms),
        attestations=tuple(attestation.digest for attestation in built.attestations),
        quarantine=str(quarantine.repository),
    )


def test_an_image_comes_and_goes_with_a_token_for_deleting(tmp_path: Path) -> None:
    with (
        Issuer(tmp_path / "issuer").running() as issuer,
        running_registry(tmp_path / "registry", issuer=issuer) as registry,
        opened(registry) as (registries, quarantine, heard),
    ):
        image = state_of(quarantine, tmp_path / "layout")
        assert image.digest
        quarantine.check("app", image, image.digest)
        target = Repository(registry.host, "app")
        outcome = quarantine.bring(image.digest, target, ("1.0",))
        assert (outcome.moved, outcome.uploaded) == (("1.0",), 0)
        assert outcome.mounted > 0
        quarantine.discard("app", image, "it is pushed")
        client = registries.repository(quarantine.repository)
        for digest in (image.digest, *image.platforms.values(), *image.attestations):
            assert client.resolve(str(digest)) is None
        assert any("repository:quarantine:delete" in request["scopes"] for request in issuer.asked)
        assert "is removed from" in heard.text
        # What has arrived needs no quarantine to be pushed again.
        again = quarantine.bring(image.digest, target, ("1.0", "latest"))
        assert again.moved == ("latest",)
        quarantine.discard("app", image, "it is pushed")
        assert "warning" not in heard.text


def test_a_registry_that_refuses_deletion_is_told_of_with_what_helps(tmp_path: Path) -> None:
    with (
        running_registry(tmp_path / "registry", deletes=False) as registry,
        opened(registry) as (registries, quarantine, heard),
    ):
        image = state_of(quarantine, tmp_path / "layout")
        quarantine.discard("app", image, "the gate said no")
        (warning,) = [line for line in heard.lines if line.startswith("warning")]
        assert "405" in warning
        assert "set up a retention" in warning
        assert registries.repository(quarantine.repository).resolve(str(image.digest))


def test_what_is_not_there_is_no_failure_of_the_registry(tmp_path: Path) -> None:
    with (
        running_registry(tmp_path / "registry") as registry,
        opened(registry) as (registries, quarantine, _),
    ):
        image = state_of(quarantine, tmp_path / "layout")
        assert image.digest
        target = Repository(registry.host, "app")
        client = registries.repository(quarantine.repository, write=True)
        assert client.delete_manifest(image.platforms["linux/arm64"])
        with pytest.raises(IntegrityError, match="lacks sha256:"):
            quarantine.look("app", image.digest)
        with pytest.raises(IntegrityError, match="lacks sha256:"):
            quarantine.bring(image.digest, target, ("1.0",))
        assert client.delete_manifest(image.digest)
        assert not client.delete_manifest(image.digest)
        with pytest.raises(IntegrityError, match="no longer in quarantine"):
            quarantine.look("app", image.digest)
        with pytest.raises(IntegrityError, match="doesn't exist"):
            quarantine.bring(image.digest, target, ("1.0",))
        assert registries.repository(target).tags() == ()


def test_other_platforms_than_the_states_are_refused(tmp_path: Path) -> None:
    with running_registry(tmp_path / "registry") as registry, opened(registry) as (_, quarantine, _heard):
        image = state_of(quarantine, tmp_path / "layout")
        assert image.digest
        fewer = replace(image, platforms={"linux/amd64": image.platforms["linux/amd64"]})
        with pytest.raises(IntegrityError, match="other platforms than the state lists"):
            quarantine.check("app", fewer, image.digest)


def test_the_image_of_before_takes_the_new_ones_place(tmp_path: Path) -> None:
    with (
        running_registry(tmp_path / "registry") as registry,
        opened(registry) as (_registries, quarantine, _),
    ):
        context = write_context(tmp_path / "src", "FROM scratch\nCOPY a.txt /\n", a_txt="x")
        bench = Bench(tmp_path)
        repository = Repository(registry.host, "app")
        options = image_options(context, platforms=BOTH, repositories=(repository,))
        first = bench.step(options, quarantine=quarantine).run(EMPTY).image("app")
        assert first.digest
        assert first.layout is None
        tag = "sha-0123456"
        quarantine.bring(first.digest, repository, (tag,))
        record = Pushed(repository=str(repository), digest=first.digest, tags=(tag,))
        pushed = EMPTY.with_image("app", **{f: getattr(first, f) for f in first.__slots__}).with_image(
            "app", pushed=(record,)
        )
        for known in (pushed, EMPTY):
            quarantine.discard("app", first, "it is pushed")
            again = bench.step(options, quarantine=quarantine).run(known).image("app")
            assert again.digest == first.digest
            assert again.attestations == first.attestations
            quarantine.check("app", again, first.digest)
        assert "every platform is as before" in bench.heard.text
        kept = {first.digest, *first.platforms.values(), *first.attestations}
        assert _manifests(registry, "quarantine") == {str(digest) for digest in kept}


def test_the_classic_engine_builds_and_we_push(tmp_path: Path, stack: Stack) -> None:
    env = {**os.environ, "DOCKER_HOST": stack.classic_engine, "DOCKER_CONFIG": str(tmp_path / "docker")}
    with running_registry(tmp_path / "registry") as registry, opened(registry) as (_, quarantine, _heard):
        context = write_context(tmp_path / "src", "FROM scratch\nCOPY a.txt /\n", a_txt="x")
        bench = Bench(tmp_path, env=env)
        image = bench.step(image_options(context), quarantine=quarantine).run(EMPTY).image("app")
        assert image.digest
        assert image.platforms == {"linux/amd64": image.digest}
        assert image.builder == "classic engine"
        assert "pushed afterwards" in bench.heard.text
        quarantine.check("app", image, image.digest)


def _manifests(registry: Registry, path: str) -> set[str]:
    """Every manifest a repository has, as the registry's own files tell."""
    revisions = registry.storage / f"docker/registry/v2/repositories/{path}/_manifests/revisions/sha256"
    return {f"sha256:{link.parent.name}" for link in revisions.glob("*/link")}
