"""`ci-toolkit pin` in a checkout of a test's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.harness.project import git

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

APP = "ghcr.io/acme/app"
DIGEST, NEWER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def pod(*images: str) -> str:
    """A manifest with these images, one a line from the fourth on."""
    return "kind: Pod\nspec:\n  containers:\n" + "".join(f"    - image: {image}  # keep\n" for image in images)


@dataclass
class Checkout:
    """A git checkout with manifests, and the command in it."""

    root: Path
    command: Callable[..., subprocess.CompletedProcess[str]]
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root.mkdir()
        git(self.root, "init", "-q")

    def write(self, **files: str) -> None:
        """Write manifests: `deploy__app="…"` is deploy/app.yaml."""
        for name, text in files.items():
            self.write_file(f"{name.replace('__', '/')}.yaml", text)

    def write_file(self, name: str, text: str) -> Path:
        """Write one file of any name."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, name: str) -> str:
        """What a file holds now."""
        return (self.root / name).read_text(encoding="utf-8")

    def pin(self, *arguments: str, below: str = ".") -> subprocess.CompletedProcess[str]:
        """Run `ci-toolkit pin` in a directory of the checkout."""
        return self.command("pin", *arguments, cwd=self.root / below, env=self.env, timeout=60)

    def pinned(self, *arguments: str, code: int = 0) -> Any:
        """The JSON document of a call that ends with this exit code."""
        result = self.pin(*arguments, "--format", "json")
        assert result.returncode == code, result.stderr
        return json.loads(result.stdout)
