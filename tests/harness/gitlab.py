"""GitLab CI for real: `gitlab-ci-local` runs the pipeline of a checkout, by the shell or in the toolkit's own image.

Every job works in a copy of what is committed and gets from others what travels as an artifact or by dotenv, nothing
else. Where gitlab-ci-local differs from GitLab: `integrity`, `id_tokens`, `resource_group`, `retry` and `timeout` are
read and not obeyed; an unknown input isn't refused, nor a wrong one that is used nowhere; a reference of an include is
a tag or branch, never a commit; of reports only dotenv comes by itself, others have to be among the artifact's paths.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.harness.container import SOCKET, ToolkitImage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Executor = Literal["shell", "docker"]
_STATE = ".gitlab-ci-local"
_RESULT = re.compile(r"^ *(PASS|FAIL|WARN) +(\S+) *$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_KEPT = ("PATH", "DOCKER_HOST", "LANG")


@dataclass(frozen=True)
class GitLabRun:
    """A pipeline that has ended."""

    root: Path
    exit_code: int
    """0 if every job succeeded that wasn't allowed to fail."""
    log: str
    """Everything that was printed, for a person to read: what a failed assertion shows."""

    @property
    def results(self) -> dict[str, str]:
        """`PASS`, `FAIL` or, where failing is allowed, `WARN` of each job that was started."""
        return {name: result for result, name in _RESULT.findall(self.log)}

    def job_log(self, job: str) -> str:
        """What a job printed."""
        return (self.root / _STATE / "output" / f"{job}.log").read_text(encoding="utf-8")

    def artifacts(self, job: str) -> Path:
        """Where a job's artifacts are; a directory that isn't there if it left none."""
        return self.root / _STATE / "artifacts" / job

    def dotenv(self, job: str) -> dict[str, str]:
        """The variables that a job left to later ones."""
        files = [path for path in (self.artifacts(job) / ".gitlab-ci-reports/dotenv").rglob("*") if path.is_file()]
        lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
        return dict(line.split("=", 1) for line in lines)


@dataclass(frozen=True)
class GitLabLocal:
    """gitlab-ci-local on a checkout. `helper` is the image that it copies files with, `image` the toolkit's own."""

    root: Path
    script: Path
    helper: str
    image: str
    variables: Mapping[str, str] = field(default_factory=dict)
    """As the project's settings on GitLab give every job."""

    def write(self, pipeline: str) -> None:
        """Write the checkout's .gitlab-ci.yml."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / ".gitlab-ci.yml").write_text(pipeline, encoding="utf-8")

    def run(
        self,
        *jobs: str,
        variables: Mapping[str, str] | None = None,
        executor: Executor = "shell",
        manual: Sequence[str] = (),
        timeout: float = 240,
    ) -> GitLabRun:
        """Run the whole pipeline, or these jobs of it, on what earlier runs left as artifacts.

        `manual`: the jobs whose button is pressed. `variables`: those of this run, as whoever starts it sets them.
        """
        given = {"GITLAB_CI": "true", **self.variables, **(variables or {})}
        arguments = [*(part for name, value in given.items() for part in ("--variable", f"{name}={value}"))]
        arguments += [part for job in manual for part in ("--manual", job)]
        arguments += ["--no-artifacts-to-source", "--max-job-name-padding", "0"]
        arguments += ["--ignore-predefined-vars", ",".join(given)]
        if executor == "shell":
            arguments += ["--force-shell-executor", "--shell-isolation"]
        else:  # not below /var/run, a link: the engine then copies no file into the container
            arguments += ["--helper-image", self.helper, "--network", "host", "--volume", f"{SOCKET}:/run/docker.sock"]
        try:
            done = self._call(*arguments, *jobs, timeout=timeout)
        finally:
            ToolkitImage(self.image).give_back(self.root)
        return GitLabRun(self.root, done.returncode, _COLOUR.sub("", done.stdout))

    def expanded(self) -> str:
        """The pipeline with all that it includes and extends put in; raises AssertionError for a wrong one."""
        done = self._call("--preview", timeout=60)
        assert done.returncode == 0, done.stdout
        return done.stdout[done.stdout.index("---\n") :]

    def refusal(self) -> str:
        """What is said of a pipeline that is wrong; raises AssertionError for one that isn't."""
        done = self._call("--preview", timeout=60)
        assert done.returncode != 0, done.stdout
        return _COLOUR.sub("", done.stdout)

    def _call(self, *arguments: str, timeout: float) -> subprocess.CompletedProcess[str]:
        """Nothing of the user's own settings counts, except for where the engine is."""
        with tempfile.TemporaryDirectory(prefix="gitlab-") as home:
            env = {name: os.environ[name] for name in _KEPT if name in os.environ}
            env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
            return subprocess.run(
                ["node", str(self.script), *arguments],
                cwd=self.root,
                env={**env, "HOME": home, "FORCE_COLOR": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
                check=False,
            )
