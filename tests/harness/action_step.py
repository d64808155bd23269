"""A step of a job on GitHub that uses the action, without its container."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(sys.executable).parent


class Step:
    """The directories that the runner makes for a step, and its variables. `workspace` may be there already."""

    def __init__(self, place: Path, workspace: Path | None = None) -> None:
        self.workspace = workspace or place / "workspace"
        self.home, self.temporary, self.files = place / "home", place / "temporary", place / "files"
        for directory in (self.workspace, self.home, self.temporary, self.files):
            directory.mkdir(exist_ok=True)

    def env(self, **variables: str) -> dict[str, str]:
        """What the runner sets, and these over it."""
        own = {
            "HOME": str(self.home),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(self.files / "output"),
            "GITHUB_STEP_SUMMARY": str(self.files / "summary"),
            "GITHUB_STATE": str(self.files / "state"),
        }
        return {"PATH": os.environ["PATH"], **own, **variables}

    def run(self, script: str = "ci-toolkit-action", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run an entry point as the runner does; the arguments it gets stand for nothing."""
        return subprocess.run(
            [str(SCRIPTS / script), "these", "--are", "ignored"],
            cwd=self.workspace,
            env=self.env(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
