"""A copy of examples/hello that is a project of its own: git repository, vendored packages, place to push to."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "hello"


def git(root: Path, *arguments: str) -> str:
    """Run git there and return what it printed."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")
    result = subprocess.run(
        ["git", *identity, *arguments], cwd=root, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    return result.stdout.strip()


@dataclass(frozen=True)
class Project:
    """The copy, and the repository its image goes to."""

    root: Path
    repository: str

    def vendor(self, packages: Path) -> None:
        """Put this tree of packages into the image."""
        shutil.rmtree(self.root / "site-packages", ignore_errors=True)
        shutil.copytree(packages, self.root / "site-packages")

    def commit(self, message: str, tag: str | None = None) -> str:
        """Commit everything and return the revision."""
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", message)
        if tag:
            git(self.root, "tag", tag)
        return git(self.root, "rev-parse", "HEAD")

    @property
    def state(self) -> dict[str, Any]:
        """The state file."""
        document: dict[str, Any] = json.loads((self.root / ".ci-toolkit/state.json").read_text())
        return document

    @property
    def image(self) -> dict[str, Any]:
        """What the state knows of the image."""
        image: dict[str, Any] = self.state["images"]["hello"]
        return image

    def manifests(self) -> dict[str, bytes]:
        """Every manifest's bytes."""
        return {path.name: path.read_bytes() for path in sorted((self.root / "deploy").iterdir())}


def make_project(root: Path, repository: str, database: str) -> Project:
    """Copy the example, point it at this repository and database, and commit it as v1.0.0."""
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("site-packages", ".ci-toolkit"))
    for path in (root / ".ci-toolkit.yml", *(root / "deploy").iterdir()):
        text = path.read_text(encoding="utf-8")
        text = text.replace("localhost:5000/hello", repository).replace("localhost:5000/trivy-db:2", database)
        path.write_text(text, encoding="utf-8")
    git(root, "init", "-q")
    project = Project(root, repository)
    project.commit("the example", "v1.0.0")
    return project
