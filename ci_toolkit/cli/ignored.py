"""What a walk through directories leaves out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def ignored(root: Path, path: str) -> frozenset[str]:
    """What git ignores below the directory `path` of `root` (`ci.git.ignored_by_git`)."""
    from ci_toolkit.ci.git import ignored_by_git
    from ci_toolkit.process import SystemRunner
    from ci_toolkit.redact import Redactor

    return ignored_by_git(SystemRunner(os.environ, Redactor()), root, path)
