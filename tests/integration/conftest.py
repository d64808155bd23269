"""Integration tests are marked as such by where they stand; the example as a project that pushes for real."""

from __future__ import annotations

import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.credentials import Credential
from tests.harness.gitlab_projects import publish_templates
from tests.harness.handoff import Quarantined
from tests.harness.named_scans import Places
from tests.harness.project import EXAMPLE, Project, make_project
from tests.harness.pushing import destinations, sample_image
from tests.harness.registry import PASSWORD, USER, Issuer, Registry, running_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from tests.conftest import Stack
    from tests.harness.browser import Browser
    from tests.harness.container import ToolkitImage
    from tests.harness.gitlab import GitLabLocal
    from tests.harness.gitlab_server import GitLabServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this directory."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The example's two package trees, really installed by pip."""
    root = tmp_path_factory.mktemp("packages")
    for name, file in (("fixed", "requirements.txt"), ("vulnerable", "requirements-vulnerable.txt")):
        subprocess.run(
            [
                sys.executable,
                *["-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target"],
                root / name,
                "-r",
                EXAMPLE / file,
            ],
            check=True,
            capture_output=True,
        )
    return {"fixed": root / "fixed", "vulnerable": root / "vulnerable"}


@pytest.fixture
def project(tmp_path: Path, stack: Stack, packages: dict[str, Path]) -> Project:
    """The example with the fixed packages, pushing to a repository nobody else has."""
    repository = f"{stack.registry}/test/hello-{uuid.uuid4().hex[:12]}"
    project = make_project(tmp_path / "hello", repository, stack.database)
    project.vendor(packages["fixed"])
    return project


@pytest.fixture
def quarantined(project: Project) -> Quarantined:
    """The example, handed on by a quarantine repository nobody else has."""
    made = Quarantined(project, f"{project.repository}-quarantine")
    made.configure()
    return made


@pytest.fixture
def run_quarantined(
    quarantined: Quarantined, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`run_quarantined("build", …)` in the project."""
    return lambda *arguments, **options: run_command(*arguments, **{"cwd": quarantined.project.root, **options})


@pytest.fixture(scope="session")
def _running() -> Iterator[Browser]:
    # Here, not above: most of these tests do without.
    from tests.harness.browser import running_browser

    with running_browser() as running:
        yield running


@pytest.fixture
def browser(_running: Browser) -> Browser:
    """The one window, as wide as a desk has room for; what earlier tests did in it is forgotten."""
    _running.show_as()
    _running.complaints()
    _running.requested()
    return _running


@pytest.fixture
def gitlab_local(gitlab: GitLabLocal, project: Project, gitlab_server: GitLabServer, tmp_path: Path) -> GitLabLocal:
    """gitlab-ci-local on the example, with this project's templates on the server."""
    publish_templates(gitlab_server, tmp_path)
    return replace(gitlab, root=project.root)


@pytest.fixture
def gitlab_inputs(toolkit_image: ToolkitImage) -> dict[str, Any]:
    """What every include gets here: the image as it was built, and the engine that is there."""
    return {"image": toolkit_image.name, "engine": "socket"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that asks nobody who they are."""
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def image(tmp_path: Path) -> tuple[Layout, Descriptor]:
    """An image that no other test pushes."""
    return sample_image(tmp_path / "layout", salt=tmp_path.name)


@pytest.fixture(scope="module")
def htpasswd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that wants a login, with an image at `team/base`."""
    with running_registry(tmp_path_factory.mktemp("htpasswd"), htpasswd=True) as running:
        image = sample_image(tmp_path_factory.mktemp("image") / "layout")
        with destinations(login=Credential(USER, PASSWORD), hosts=(running.host,)) as opened:
            opened.push(Repository.parse(f"{running.host}/team/base"), *image, ["1.0"])
        yield running


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """The same without the image, over TLS."""
    with running_registry(tmp_path_factory.mktemp("tls"), tls=True, htpasswd=True) as running:
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """A service that gives tokens."""
    with Issuer(tmp_path_factory.mktemp("issuer")).running() as running:
        yield running


@pytest.fixture
def issuer(service: Issuer) -> Issuer:
    """The token service, as nobody has asked it yet."""
    service.asked.clear()
    service.lifetimes, service.grants, service.anonymous = [300], (), False
    return service


@pytest.fixture(scope="module")
def by_token(service: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that wants a token of that service."""
    with running_registry(tmp_path_factory.mktemp("token"), issuer=service) as running:
        yield running


@pytest.fixture
def places(tmp_path: Path, stack: Stack) -> Places:
    """Where scans find images."""
    return Places(tmp_path, stack.registry, stack.database)
