"""What a walk through directories leaves out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def ignored(root: Path, path: str) -> frozenset[str]:
    """What git ignores below the directory `path` of `root` (`git.ignored_by_git`); nothing outside of a checkout."""
    from ci_toolkit.git import Git, checkout_of, ignored_by_git

    top = checkout_of(root / path)
    if top is None:
        return frozenset()
    from ci_toolkit.process import SystemRunner
    from ci_toolkit.redact import Redactor

    return ignored_by_git(Git(SystemRunner(os.environ, Redactor()), top), root, path)
