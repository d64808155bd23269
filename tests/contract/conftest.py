"""A real registry behind a proxy that misbehaves, and a push to it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.code_scanning import GitHub
from tests.harness.committing import PORT, PUSHED, Checkout, Remote, clone, digest, make_remote, project_files
from tests.harness.fake_trivy import BOTH_PLATFORMS, NOW, FakeTrivy, fake_trivy
from tests.harness.findings import URLLIB3, ZLIB, platform
from tests.harness.proxy import FaultServer
from tests.harness.pushing import Naps, Pushing, destinations, repository_for, sample_image
from tests.harness.registry import running_registry
from tests.harness.scans import Scans
from tests.harness.ssh_server import SshServer
from tests.harness.uploading import Uploading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.destinations import Destinations
    from tests.harness.registry import Registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def proxy(registry: Registry) -> Iterator[FaultServer]:
    with FaultServer(registry.host).running() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def registry_of_commits() -> Iterator[FaultServer]:
    """The registry of projects whose pins are committed."""
    server = FaultServer()
    server.rule("HEAD", "", PUSHED, times=10**6)
    with server.running(port=PORT) as running:
        yield running


@pytest.fixture
def lonely() -> Iterator[FaultServer]:
    """A server with no registry behind it."""
    with FaultServer().running() as running:
        yield running


@pytest.fixture
def image(tmp_path: Path) -> tuple[Layout, Descriptor]:
    return sample_image(tmp_path / "layout", salt=tmp_path.name)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def there(naps: Naps) -> Iterator[Destinations]:
    with destinations(naps=naps) as opened:
        yield opened


@pytest.fixture
def push(there: Destinations, proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path) -> Pushing:
    return Pushing(there, repository_for(proxy.host, tmp_path), *image)


@pytest.fixture
def trivy(tmp_path: Path) -> FakeTrivy:
    """A scanner that knows one database, an hour old."""
    fake = fake_trivy(tmp_path / "trivy")
    fake.serves("mirror/trivy-db:2", NOW - timedelta(hours=1))
    return fake


@pytest.fixture
def scans(tmp_path: Path, trivy: FakeTrivy) -> Scans:
    """An image of two platforms to scan with it."""
    made = Scans(tmp_path, trivy.program, ("mirror/trivy-db:2",), now=NOW)
    made.add("backend", BOTH_PLATFORMS)
    return made


@pytest.fixture
def github() -> Iterator[GitHub]:
    """Code scanning of one repository."""
    with GitHub().running() as running:
        yield running


@pytest.fixture
def uploading(tmp_path: Path, github: GitHub) -> Iterator[Uploading]:
    """A scanned image to upload the findings of; nothing that is said or written holds the token."""
    made = Uploading(tmp_path, github)
    made.scanned("backend", platform(URLLIB3, ZLIB), platform(URLLIB3, name="linux/arm64"))
    yield made
    written = [path.read_text() for path in (tmp_path / ".ci-toolkit").rglob("*") if path.is_file()]
    assert github.token not in "\n".join([made.said, repr(made.state), *written])


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """A project whose pins are committed."""
    return make_remote(tmp_path / "remote.git", project_files())


@pytest.fixture
def checkout(remote: Remote, tmp_path: Path) -> Checkout:
    return clone(remote, tmp_path / "checkout", {"app": digest("a")})


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Another registry."""
    with running_registry(tmp_path_factory.mktemp("elsewhere")) as running:
        yield running


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[SshServer]:
    """A server that git reaches over SSH."""
    with SshServer(tmp_path).running() as server:
        yield server
