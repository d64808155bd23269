"""Where `init` looks for the toolkit's own release, and a project that it writes a pipeline for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.version import __version__
from tests.harness.project import git

if TYPE_CHECKING:
    from pathlib import Path


def home_with_release(directory: Path) -> Path:
    """A home whose git finds the toolkit's repository here: with a tag for this version, on no network."""
    toolkit, home = directory / "toolkit", directory / "home"
    toolkit.mkdir()
    home.mkdir()
    git(toolkit, "init", "--quiet")
    git(toolkit, "commit", "--quiet", "--allow-empty", "-m", "released")
    git(toolkit, "tag", "-a", "-m", "annotated", f"v{__version__}")
    (home / ".gitconfig").write_text(
        f'[url "{toolkit.as_uri()}"]\n\tinsteadOf = https://github.com/ci-toolkit/ci-toolkit\n'
    )
    return home


def project_of_acme(directory: Path, host: str) -> Path:
    """A checkout of acme/app on that host, with a Dockerfile."""
    root = directory / "project"
    root.mkdir()
    git(root, "init", "--quiet")
    git(root, "remote", "add", "origin", f"git@{host}:acme/app.git")
    (root / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    return root
