"""`ci-toolkit lint` on a directory of manifests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

DIGEST = "@sha256:" + "0" * 64


def pod(*images: str) -> str:
    """A manifest that names these images, the first in line 4."""
    return "kind: Pod\nspec:\n  containers:\n" + "".join(f"    - image: {json.dumps(image)}\n" for image in images)


@dataclass(frozen=True)
class Linting:
    """A directory, and the command in it."""

    root: Path
    command: Callable[..., subprocess.CompletedProcess[str]]

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def __call__(
        self, *arguments: str, code: int = 0, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it, which must end with this exit code and no traceback."""
        quiet = {"GITHUB_ACTIONS": "", "GITLAB_CI": ""}
        done = self.command("lint", *arguments, cwd=self.root, env={**quiet, **(env or {})}, timeout=60)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def report(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The report as JSON."""
        document: dict[str, Any] = json.loads(self(*arguments, "--format", "json", code=code).stdout)
        return document

    def broken(self, *arguments: str, code: int = 0) -> list[tuple[str, str]]:
        """Level and rule of every finding."""
        return [(f["level"], f["rule"]) for f in self.report(*arguments, code=code)["findings"]]
