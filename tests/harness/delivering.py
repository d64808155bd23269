"""A project of examples/github that its own workflow delivers under act: origin, registry and GitHub's API at hand."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.github_examples import ACTION, copied
from tests.harness.project import git

if TYPE_CHECKING:
    from tests.harness.act import Act
    from tests.harness.act_log import ActRun
    from tests.harness.code_scanning import GitHub
    from tests.harness.github_events import Event

ACTION_YML = Path(__file__).parent.parent.parent / "action.yml"
WORKFLOW = ".github/workflows/container.yml"


@dataclass(frozen=True)
class Delivering:
    """The checkout, and what its workflow reaches."""

    act: Act
    github: GitHub
    organisation: str
    origin: Path

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.act.root

    def run(self, event: Event) -> ActRun:
        """Have the event start the example's workflow."""
        return self.act.run(event, **self.options)

    @property
    def options(self) -> dict[str, Any]:
        """What `Act.run` and `Act.started` are told besides the event."""
        return {
            "secrets": {"GITHUB_TOKEN": self.github.token},
            "env": {"GITHUB_API_URL": self.github.url},
            "local": {_called(self.root): self.act.add_action(ACTION_YML.read_text(), "../released").resolve()},
        }

    def commit(self, message: str) -> str:
        """Commit everything, push it to origin, and return the revision."""
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "-m", message)
        git(self.root, "push", "--quiet", "origin", "HEAD:main")
        return git(self.root, "rev-parse", "HEAD")

    def pushed(self, image: str) -> dict[str, str]:
        """Tag → digest of an image's repository, as crane sees it."""
        repository = f"{self.organisation}/{image}"
        listed = subprocess.run(["crane", "ls", repository], capture_output=True, text=True, check=False)
        return {tag: _crane("digest", f"{repository}:{tag}") for tag in listed.stdout.split()}

    def on_main(self, file: str) -> str:
        """A file as origin's main has it."""
        return git(self.origin, "show", f"main:{file}")


def delivering(name: str, act: Act, github: GitHub, organisation: str, database: str) -> Delivering:
    """Copy an example, give it an origin and its workflow to act."""
    copied(name, act.root, organisation=organisation, database=database)
    # Below the checkout: act mounts that and nothing else into the job.
    origin = with_origin(act.root, act.root / ".origin.git")
    act.add_workflow((act.root / WORKFLOW).read_text(encoding="utf-8"))
    return Delivering(act, github, organisation, origin)


def with_origin(root: Path, origin: Path) -> Path:
    """Give a checkout a bare repository as its origin; what the harness puts into the checkout isn't committed."""
    exclude = root / ".git/info/exclude"
    exclude.write_text("/.origin.git/\n/.github/workflows/pipeline.yml\n", encoding="utf-8")
    git(root, "clone", "--quiet", "--bare", ".", str(origin))
    git(root, "remote", "add", "origin", str(origin))
    return origin


def vendor(root: Path, packages: Path) -> None:
    """Put a tree of Python packages into the image."""
    shutil.copytree(packages, root / "app/site-packages")


def proposed(root: Path) -> tuple[str, str]:
    """A change on top of main, its merge with main checked out as GitHub does it; the revisions of main and change."""
    base = git(root, "rev-parse", "HEAD")
    head = git(root, "commit-tree", "-p", base, "-m", "a change", f"{base}^{{tree}}")
    merge = git(root, "commit-tree", "-p", base, "-p", head, "-m", "a merge", f"{base}^{{tree}}")
    git(root, "checkout", "--quiet", "--detach", merge)
    return base, head


def _called(root: Path) -> str:
    found = ACTION.search((root / WORKFLOW).read_text(encoding="utf-8"))
    assert found, "a workflow that calls the action"
    return re.sub(r"^uses: | #.*$", "", found[0])


def _crane(*arguments: str) -> str:
    return subprocess.run(["crane", *arguments], capture_output=True, text=True, check=True).stdout.strip()
