"""Run something as root, whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def as_root(*argv: str | Path, cwd: Path | None = None) -> str:
    """The command's output; it must succeed."""
    sudo = () if os.geteuid() == 0 else ("sudo", "-n")
    result = subprocess.run([*sudo, *argv], cwd=cwd, capture_output=True, text=True, check=True)
    return result.stdout
