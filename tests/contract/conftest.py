"""A real registry behind a proxy that misbehaves, and a push to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import PORT, PUSHED
from tests.harness.proxy import FaultServer
from tests.harness.pushing import Naps, Pushing, destinations, repository_for, sample_image
from tests.harness.registry import running_registry

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
