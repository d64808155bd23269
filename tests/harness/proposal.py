"""A change that somebody proposes: a repository with a base and a head, checked out as a CI system would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.images import pip_package
from tests.harness.project import git
from tests.harness.workplace import Workplace

if TYPE_CHECKING:
    import subprocess

EVENTS = Path(__file__).parent.parent / "golden" / "events"
DOCKERFILE = "FROM scratch\nCOPY app /app\n"
MANIFEST = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: {repository}:old\n"


class Proposal:
    """The base is committed first, then the head on top of it; `root` is a directory of its own."""

    def __init__(self, root: Path, repository: str, database: str, version: str = "2.8.0") -> None:
        """`version`: of the urllib3 that the image holds, for the scanner to find."""
        self.workplace = Workplace(root)
        self.repository, self.database = repository, database
        self.base = self.head = ""
        (self.project / "Dockerfile").write_text(DOCKERFILE)
        for path, text in pip_package("urllib3", version, where=".").items():
            file = self.project / "app" / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
        (self.project / "deploy.yaml").write_text(MANIFEST.format(repository=repository))
        git(self.project, "init", "-q")

    @property
    def project(self) -> Path:
        """The checkout."""
        return self.workplace.project

    @property
    def config(self) -> Path:
        """The config that is checked out."""
        return self.project / ".ci-toolkit.yml"

    def configure(self, *sections: str, scan: str = "", more: str = "") -> None:
        """Write the config: `sections` at its top level, `scan` below that section, `more` below the image."""
        lines = [
            "version: 1",
            *sections,
            "scan:",
            f"  database: {{repositories: ['{self.database}'], max-age: 300d}}",
            *(f"  {line}" for line in scan.splitlines()),
            "images:",
            "  app:",
            "    provenance: none",
            '    tags: ["1.0"]',
            f'    repositories: ["{self.repository}"]',
            *(f"    {line}" for line in more.splitlines()),
            "pin: [{files: [deploy.yaml]}]",
            'environments: {staging: {tags: ["staging"]}}',
        ]
        self.config.write_text("\n".join(lines) + "\n")

    def commit(self) -> str:
        """Commit everything; the first commit is the base, the newest the head."""
        git(self.project, "add", "-A", ":!.ci-toolkit")
        git(self.project, "commit", "-q", "--allow-empty", "-m", "a change")
        self.head = git(self.project, "rev-parse", "HEAD")
        self.base = self.base or self.head
        return self.head

    def event(self, file: str, **env: str) -> None:
        """Let the commands run on this event, `file` below tests/golden/events, with our base and head in it."""
        text = (EVENTS / f"{file}.json").read_text().replace("b" * 40, self.base).replace("2" * 40, self.head)
        payload = self.workplace.root / "event.json"
        payload.write_text(text)
        self.workplace.env |= {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": file.partition("-")[0],
            "GITHUB_EVENT_PATH": str(payload),
            "GITHUB_REF": "refs/heads/main" if file.startswith(("push", "merge_group")) else "refs/pull/42/merge",
            "GITHUB_REPOSITORY": "acme/app",
            "GITHUB_SHA": self.head,
            **env,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command, run to its end."""
        return self.workplace.run(*arguments)

    @property
    def image(self) -> dict[str, Any]:
        """What the state knows of the image."""
        state = json.loads((self.project / ".ci-toolkit/state.json").read_text())
        image: dict[str, Any] = state["images"]["app"]
        return image

    def planned(self, *arguments: str) -> list[str]:
        """The plan, a line each: step and what it would do."""
        done = self.run("plan", "--format", "json", *arguments)
        assert done.returncode == 0, done.stderr
        return [f"{action['step']}: {action['summary']}" for action in json.loads(done.stdout)["actions"]]

    def gate(self, *arguments: str) -> str:
        """The gate's policy, as the plan tells it."""
        (line,) = [line for line in self.planned("--steps", "scan", *arguments) if "gate: " in line]
        return line.removeprefix("scan: gate: ")
