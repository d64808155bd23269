"""GitHub Actions for real: `act` runs a workflow of a checkout, with the toolkit's own image behind its action.

The checkout is mounted, so what the job does to its files is there to be read afterwards; or each job has an empty
workspace of its own, as on GitHub. Where act differs from GitHub's runner, it is harder on us: a cancelled step's
container gets KILL and no other signal, and the post step sees neither the defaults of inputs nor saved state.
A called workflow that fails ends the whole run: no later job of its caller starts, whatever its `if` says.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.act_log import ActRun
from tests.harness.container import ToolkitImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.harness.github_events import Event

_ACT = Path(sys.executable).parent / "act"
REPOSITORY = "acme/hello"
"""What the checkout is on GitHub."""


@dataclass(frozen=True)
class Act:
    """act on a checkout. `runner` is the image that jobs run in, `image` the one of the action."""

    root: Path
    runner: str
    image: str

    def add_workflow(self, text: str, file: str = "pipeline.yml") -> None:
        """Write a workflow. act names containers after it, so it gets a name that no other run has."""
        name = f"name: {file} {uuid.uuid4().hex[:8]}"
        text = re.sub(r"(?m)^name:.*\n", "", text)
        path = self.root / ".github/workflows" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n{text}", encoding="utf-8")

    def add_action(self, text: str, directory: str = ".github/actions/ci-toolkit") -> Path:
        """Write an action.yml whose `image: Dockerfile` names the built image instead, as a release does."""
        text, found = re.subn(r"(?m)^( +image: +)[\"']?Dockerfile[\"']?$", rf"\g<1>docker://{self.image}", text)
        assert found == 1, "an action.yml whose image is its Dockerfile"
        path = self.root / directory / "action.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path.parent

    def run(self, event: Event, file: str = "pipeline.yml", *, timeout: float = 180, **options: Any) -> ActRun:
        """Run a workflow to its end; `options` as in `started`."""
        with self.started(event, file, **options) as run:
            run.process.wait(timeout)
        return run

    @contextmanager
    def started(
        self,
        event: Event,
        file: str = "pipeline.yml",
        *,
        secrets: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        local: Mapping[str, Path] | None = None,
        mounted: bool = True,
        arguments: Sequence[str] = (),
    ) -> Iterator[ActRun]:
        """Run a workflow while the block lasts, and to its end.

        `env` is every step's environment and overrides GITHUB_API_URL, GITHUB_SERVER_URL, GITHUB_RUN_ID and the
        like; `local` puts directories in the place of `owner/name@ref`. Where the checkout isn't `mounted`, a job's
        workspace is empty, and its actions/checkout really runs. Nothing of the user's own act or Docker settings
        counts.
        """
        secrets = secrets or {}
        with tempfile.TemporaryDirectory(prefix="act-") as home:
            payload = Path(home) / "event.json"
            payload.write_text(json.dumps(event.payload), encoding="utf-8")
            variables = {"GITHUB_REPOSITORY": REPOSITORY, **(env or {})}
            command = [
                *(str(_ACT), event.name, "--workflows", f".github/workflows/{file}", "--eventpath", str(payload)),
                *("--platform", f"ubuntu-latest={self.runner}", "--platform", f"ubuntu-24.04={self.runner}"),
                *("--pull=false", "--network", "host", "--rm", "--json", "--no-cache-server"),
                "--bind" if mounted else "--no-skip-checkout",
                *("--actor", event.actor),
                *(part for name in secrets for part in ("--secret", name)),
                *(part for name, value in variables.items() for part in ("--env", f"{name}={value}")),
                *(part for name, path in (local or {}).items() for part in ("--local-repository", f"{name}={path}")),
                *arguments,
            ]
            surroundings = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env={**surroundings, **secrets, "HOME": home},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            run = ActRun(process)
            listener = threading.Thread(target=run.listen)
            listener.start()
            try:
                yield run
            finally:
                self._end(process)
                listener.join()
                ToolkitImage(self.image).give_back(self.root)

    def _end(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            process.kill()
