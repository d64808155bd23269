"""How long a person waits for the smallest answers."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, Row, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONFIG = """\
version: 1
images:
  backend:
    context: services/backend
    platforms: [linux/amd64, linux/arm64]
    repositories: [ghcr.io/acme/backend, registry.example.com/acme/backend]
    tags: ["sha-{sha:7}", "{version}", { tag: latest, when: highest-version }]
  frontend:
    context: services/frontend
    repositories: [ghcr.io/acme/frontend]
scan:
  gate: { severity: high, fixable-only: true }
pin:
  - files: ["deploy/**/*.yaml"]
"""


def rows() -> Iterator[Row]:
    """`--version` and `validate` against what importing click alone takes."""
    command = str(Path(sys.executable).parent / "ci-toolkit")
    click = Contender([sys.executable, "-c", "import click"])
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / ".ci-toolkit.yml").write_text(_CONFIG, encoding="utf-8")
        yield compare("--version / import click", Contender([command, "--version"], root), click, limit=1.5, runs=15)
        yield compare("validate / import click", Contender([command, "validate"], root), click, limit=3, runs=15)
