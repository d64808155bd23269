"""Requests to merge, kept beside a real repository: what GitLab's and GitHub's stand-ins have in common."""

from __future__ import annotations

import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tests.harness.project import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.committing import Remote


@dataclass
class Kept:
    """One request."""

    number: int
    source: str
    target: str
    title: str
    description: str
    state: str = "open"
    head: str = ""
    """The commit it was closed or merged at."""


@dataclass
class Requests:
    """All of one repository. `directory`: for merges."""

    remote: Remote
    directory: Path
    all: list[Kept] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while one question is answered."""

    @property
    def open(self) -> list[Kept]:
        """Those that are open."""
        return [kept for kept in self.all if kept.state == "open"]

    def has(self, branch: str) -> bool:
        """Whether there is such a branch."""
        command = ["git", "show-ref", "--verify", "--quiet", f"refs/heads/{branch}"]
        return subprocess.run(command, cwd=self.remote.path, check=False).returncode == 0

    def head(self, kept: Kept) -> str:
        """The commit that it is, or was, at."""
        return kept.head or self.remote.head(kept.source)

    def is_empty(self, source: str, target: str) -> bool:
        """Whether there is nothing to merge."""
        return self.remote.git("rev-list", "--count", f"refs/heads/{target}..refs/heads/{source}") == "0"

    def add(self, source: str, target: str, title: str, description: str) -> Kept:
        """Open one."""
        kept = Kept(len(self.all) + 1, source, target, title, description)
        self.all.append(kept)
        return kept

    def merge(self, kept: Kept, *, squash: bool = False, remove: bool = False) -> None:
        """As by the button."""
        kept.head, kept.state = self.remote.head(kept.source), "merged"
        place = self.directory / f"merge-{kept.number}"
        git(self.directory, "clone", "-q", f"file://{self.remote.path}", str(place))
        git(place, "checkout", "-q", kept.target)
        git(place, "merge", "-q", "--squash" if squash else "--no-ff", f"origin/{kept.source}")
        if squash:
            git(place, "commit", "-q", "-m", kept.title)
        git(place, "push", "-q", "origin", f"HEAD:{kept.target}")
        shutil.rmtree(place)
        if remove:
            self.remote.git("update-ref", "-d", f"refs/heads/{kept.source}")

    def close(self, kept: Kept) -> None:
        """Decline it."""
        kept.head, kept.state = self.remote.head(kept.source), "closed"


def query(path: str) -> tuple[str, dict[str, str]]:
    """A request's path, and what it asks for; a name that comes twice is an error of the test's."""
    parts = urlsplit(path)
    pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    assert len(dict(pairs)) == len(pairs)
    return parts.path, dict(pairs)
