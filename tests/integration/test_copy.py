"""Copies between real registries: with logins and tokens, with flat memory, and kill -9 between any two requests."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import RemoteError
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.credentials import Credential
from tests.harness.copying import Copying, attach
from tests.harness.proxy import FaultServer, kills
from tests.harness.pushing import Pushing, destinations, large_image, sample_image
from tests.harness.registry import PASSWORD, USER, Issuer, program, running_registry

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from tests.harness.registry import Registry

LOGIN = Credential(USER, PASSWORD)
BLOBS = 8
REQUESTS = 44
"""How many a copy of the crash test's image makes at most; the test says if it is more."""


@pytest.fixture(scope="module")
def signed(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """An image with something attached, at `app`."""
    layout, root = sample_image(tmp_path_factory.mktemp("signed") / "layout", salt="signed")
    repository = Repository.parse(f"{registry.host}/test/app")
    with destinations() as there:
        Pushing(there, repository, layout, root)()
        attach(there.repository(repository, write=True), root, "application/spdx+json", "sbom")
    return repository


def child(source: str, destination: str, *tags: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.harness.copy_child", source, destination, *tags]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_one_token_reads_writes_and_mounts(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    with (
        Issuer(tmp_path / "issuer").running() as issuer,
        running_registry(tmp_path / "registry", issuer=issuer) as registry,
    ):
        origin, prod = (Repository.parse(f"{registry.host}/test/{name}") for name in ("app", "prod"))
        with destinations(login=LOGIN, hosts=(registry.host,)) as there:
            Pushing(there, origin, *image)()
            issuer.asked.clear()
            outcome = Copying(there, origin, prod)()
    assert (outcome.mounted, outcome.uploaded) == (BLOBS, 0)
    asked = [sorted(request["scopes"]) for request in issuer.asked]
    assert asked == [["repository:test/app:pull", "repository:test/prod:pull,push"]]


def test_between_registries_each_gets_its_own_login(tmp_path: Path, signed: Repository) -> None:
    with running_registry(tmp_path / "registry", htpasswd=True) as closed:
        to = Repository.parse(f"{closed.host}/test/app")
        with destinations() as nobody, pytest.raises(RemoteError) as caught:
            Copying(nobody, signed, to)()
        assert f"docker login {closed.host}" in caught.value.hint
        with destinations(login=LOGIN, hosts=(closed.host,)) as there:
            copying = Copying(there, signed, to)
            copying()
            assert "prod" in copying.tags()
            assert copying.plan().is_done


def test_memory_stays_flat(registry: Registry, tmp_path: Path) -> None:
    """200 MB in 12 layers to another registry, as a process: under 120 MB resident."""
    layout, root = large_image(tmp_path / "large", *[16_700_000] * 12)
    origin = Repository.parse(f"{registry.host}/test/large")
    with running_registry(tmp_path / "registry") as other:
        with destinations() as there:
            Pushing(there, origin, layout, root)()
        process = child(f"{origin}:1.0", f"{other.host}/test/large", "prod")
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
        assert int(out) * 1024 < 120_000_000
        digest = subprocess.run(
            [program("crane"), "digest", f"{other.host}/test/large:prod"], capture_output=True, text=True, check=True
        )
        assert digest.stdout.strip() == str(root.digest)


@pytest.mark.parametrize("arrives", [False, True], ids=["before it arrives", "before the reply"])
@pytest.mark.parametrize("number", range(10, REQUESTS))
def test_kill_9_at_any_request(registry: Registry, signed: Repository, number: int, *, arrives: bool) -> None:
    """The process dies at its request `number`; no tag points at half an image; the next run finishes.

    The first ten only read. What lists the referrers may be there without the image: it is no image's tag.
    """
    name = f"test/killed-{number}-{'after' if arrives else 'before'}"
    with FaultServer(registry.host).running() as proxy:
        victims: list[int] = []
        proxy.rule("", "", kills(victims, arrives=arrives), skip=number)
        process = child(f"{proxy.host}/{signed.path}:1.0", f"{proxy.host}/{name}", "prod")
        victims.append(process.pid)
        _, errors = process.communicate(timeout=60)
        killed = process.returncode == -signal.SIGKILL
        assert killed or (process.returncode == 0 and len(proxy.seen) <= number), errors.decode()
    assert number < REQUESTS - 1 or not killed, "a copy makes more requests than this test kills it at"
    with destinations() as there:
        copying = Copying(there, signed, Repository.parse(f"{registry.host}/{name}"))
        copying.tags()
        copying()
        assert copying.plan().is_done
        assert "prod" in copying.tags()
