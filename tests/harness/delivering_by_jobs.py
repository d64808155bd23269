"""The reusable workflow under act, called as the promotion example does: every job on a machine of its own.

A job starts with an empty workspace. What it knows of the ones before came by an artifact, what it knows of the
project by a checkout from a server that wants the token; to that server commits go, too. actions/checkout and the
artifact actions are stand-ins, strict ones, in github_actions; the workflow and its caller are the ones we publish.
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.act import REPOSITORY
from tests.harness.container import ToolkitImage
from tests.harness.delivering import ACTION_YML, WORKFLOW, Delivering, with_origin
from tests.harness.git_server import GitServer
from tests.harness.github_examples import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.act import Act
    from tests.harness.code_scanning import GitHub

ROOT = Path(__file__).parent.parent.parent
_STAND_INS = Path(__file__).parent / "github_actions"
_PIPELINE = ".github/workflows/container-pipeline.yml"
_CALLED = re.compile(r"uses: ([\w-]+/[\w-]+)(?:/\S+)?@([0-9a-f]{40})")


@dataclass(frozen=True)
class DeliveringByJobs(Delivering):
    """What a run of several jobs reaches, with the server that they check the project out from."""

    server: GitServer

    @property
    def options(self) -> dict[str, Any]:
        """What `Act.run` and `Act.started` are told besides the event."""
        artifacts, certificate = self.artifacts.resolve(), self.server.certificate.resolve()
        volumes = f"--volume={artifacts}:{artifacts} --volume={certificate}:{certificate}:ro"
        return {
            "secrets": {"GITHUB_TOKEN": self.github.token},
            "env": {
                "GITHUB_API_URL": self.github.url,
                "GITHUB_SERVER_URL": self.server.url,
                "GIT_SSL_CAINFO": str(certificate),
                "ACT_ARTIFACTS": str(artifacts),
            },
            "local": self._published(),
            "mounted": False,
            "arguments": ("--container-options", volumes),
        }

    @property
    def artifacts(self) -> Path:
        """What the run's jobs handed on, a directory each; not below the checkout, whose path jobs work at."""
        return self.root.parent / "artifacts"

    def _published(self) -> dict[str, Path]:
        """Everything that caller and pipeline call, by the revision they call it by."""
        directory = self.root.parent.resolve() / "published"
        pipeline = (ROOT / _PIPELINE).read_text(encoding="utf-8")
        called = _CALLED.findall((self.root / WORKFLOW).read_text(encoding="utf-8") + pipeline)
        for name in {name for name, _ in called}:
            if name.startswith("actions/"):
                stand_in(name.removeprefix("actions/"), directory / name)
        released = self.act.add_action(ACTION_YML.read_text(encoding="utf-8"), "../published/ci-toolkit/ci-toolkit")
        (released / _PIPELINE).parent.mkdir(parents=True, exist_ok=True)
        (released / _PIPELINE).write_text(pipeline, encoding="utf-8")
        return {f"{name}@{revision}": directory / name for name, revision in called}


def stand_in(action: str, directory: Path) -> None:
    """Write the stand-in of `actions/ACTION` there."""
    shutil.copytree(_STAND_INS / action, directory, dirs_exist_ok=True)
    shutil.copy(_STAND_INS / "inputs.js", directory)


@contextmanager
def delivering_by_jobs(
    act: Act, github: GitHub, organisation: str, database: str, *, after: str
) -> Iterator[DeliveringByJobs]:
    """Copy the example of the reusable workflow, serve its origin, and give act the workflow, for one run.

    `after`: jobs of the caller that need `deliver`.
    """
    copied("promotion", act.root, organisation=organisation, database=database)
    server = GitServer(act.root.parent / "server", github.token)
    origin = with_origin(act.root, act.root.parent / "server" / REPOSITORY)
    act.add_workflow((act.root / WORKFLOW).read_text(encoding="utf-8") + after)
    delivering = DeliveringByJobs(act, github, organisation, origin, server)
    delivering.artifacts.mkdir()
    with server.running():
        try:
            yield delivering
        finally:
            ToolkitImage(act.image).give_back(delivering.artifacts)
