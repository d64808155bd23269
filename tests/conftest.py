"""What every test may ask for: the real stack, and the command as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.act import Act
from tests.harness.container import ToolkitImage
from tests.harness.gitlab import GitLabLocal
from tests.harness.gitlab_server import GitLabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Stack:
    """The real parts that `scripts/stack up --tests` brought up."""

    registry: str
    trivy: Path
    database: str
    classic_engine: str


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The real parts; a test that asks for them fails with a word where they are missing."""

    def value(name: str) -> str:
        found = os.environ.get(f"CI_TOOLKIT_STACK_{name}")
        if not found:
            pytest.fail(
                f"CI_TOOLKIT_STACK_{name} is not set: run `make test`, or `scripts/stack up --tests` and then "
                '`eval "$(scripts/stack env)"`',
                pytrace=False,
            )
        return found

    return Stack(
        registry=value("REGISTRY"),
        trivy=Path(value("TRIVY")),
        database=value("TRIVY_DB"),
        classic_engine=value("CLASSIC_ENGINE"),
    )


@pytest.fixture(scope="session")
def run_command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`run_command(*arguments, cwd=…, env=…)`: the console script in a process of its own."""
    executable = Path(sys.executable).parent / "ci-toolkit"

    def run(
        *arguments: str, cwd: Path, env: dict[str, str] | None = None, timeout: float = 180
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [executable, *arguments],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def toolkit_image() -> ToolkitImage:
    """The toolkit's own image as `make image` built it."""
    image = ToolkitImage(os.environ.get("CI_TOOLKIT_IMAGE", "ci-toolkit:dev"))
    if not image.there():
        pytest.fail(f"{image.name} isn't there: run `make image`", pytrace=False)
    return image


@pytest.fixture
def act(tmp_path: Path, toolkit_image: ToolkitImage) -> Act:
    """act on a checkout that is empty as yet."""
    runner = os.environ.get("CI_TOOLKIT_STACK_ACT_RUNNER")
    if not runner:
        pytest.fail("CI_TOOLKIT_STACK_ACT_RUNNER is not set: run `scripts/stack up --tests`", pytrace=False)
    return Act(tmp_path / "checkout", runner, toolkit_image.name)


@pytest.fixture
def gitlab(tmp_path: Path) -> GitLabLocal:
    """gitlab-ci-local on a checkout that is empty as yet."""
    names = ("CI_TOOLKIT_STACK_GITLAB_CI_LOCAL", "CI_TOOLKIT_STACK_GITLAB_HELPER")
    script, helper = (os.environ.get(name, "") for name in names)
    if not script or not helper:
        pytest.fail(f"{' and '.join(names)} are not set: run `scripts/stack up --tests`", pytrace=False)
    image = os.environ.get("CI_TOOLKIT_IMAGE", "ci-toolkit:dev")
    return GitLabLocal(tmp_path / "checkout", Path(script), helper, image)


@pytest.fixture
def gitlab_server(tmp_path: Path) -> Iterator[GitLabServer]:
    """A server with no project as yet."""
    with GitLabServer(tmp_path / "gitlab").running() as server:
        yield server
