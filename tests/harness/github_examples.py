"""The projects of examples/github, as somebody would copy them: repositories of their own, with a registry at hand."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.harness.project import git

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "github"
NAMES = tuple(sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
ACTION = re.compile(r"uses: ci-toolkit/ci-toolkit@[0-9a-f]{40} # \S+")
"""How the examples call the action: a test puts the one it wants to run in this place."""


def copied(name: str, root: Path, *, organisation: str = "ghcr.io/acme", database: str | None = None) -> Path:
    """Copy an example to `root` and commit it as v1.0.0.

    `organisation`: what stands in place of `ghcr.io/acme`. `database`: where the vulnerability database comes from.
    """
    shutil.copytree(EXAMPLES / name, root, ignore=shutil.ignore_patterns(".ci-toolkit"))
    for path in (root / ".ci-toolkit.yml", *root.glob("deploy/**/*.yaml")):
        path.write_text(path.read_text(encoding="utf-8").replace("ghcr.io/acme", organisation), encoding="utf-8")
    if database:
        with (root / ".ci-toolkit.yml").open("a", encoding="utf-8") as config:
            config.write(f"scan:\n  database: {{ repositories: ['{database}'] }}\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "the example")
    git(root, "tag", "v1.0.0")
    return root
