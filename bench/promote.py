"""Promotion within a registry, beside `crane copy`: one image as a whole process, and a hundred in one call."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, compare
from bench.push import registry
from tests.harness.delivered import delivered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.measure import Row

MANY = 100


def rows() -> Iterator[Row]:
    """Ours and crane's, into repositories that don't exist yet; images of two platforms with an attestation."""
    with tempfile.TemporaryDirectory() as scratch, registry(Path(scratch) / "registry") as (host, storage):
        for number, limit in ((1, 2.0), (MANY, 0.5)):
            names = [f"app{index}" for index in range(number)]
            config = {
                "version": 1,
                "images": {name: {"repositories": [f"{host}/n{number}/{name}"]} for name in names},
                "environments": {
                    "production": {
                        "tags": ["production"],
                        "repositories": {name: [f"{host}/prod/{name}"] for name in names},
                    }
                },
            }
            project = delivered(Path(scratch) / f"project-{number}", json.dumps(config))
            state = project.state_file.read_bytes()
            copies = [
                f"crane copy {host}/n{number}/{n}@{project.digests[n]} {host}/peer/{n}:production" for n in names
            ]
            repositories = storage / "docker/registry/v2/repositories"

            def fresh(state: bytes = state, file: Path = project.state_file, there: Path = repositories) -> None:
                file.write_bytes(state)
                for name in ("prod", "peer"):
                    shutil.rmtree(there / name, ignore_errors=True)

            yield compare(
                "promote one image / crane copy" if number == 1 else f"promote {number} images / a loop of crane copy",
                Contender([*_CI_TOOLKIT, "promote", "production", "--quiet"], cwd=project.root, prepare=fresh),
                Contender(["sh", "-e", "-c", "\n".join(copies)], prepare=fresh),
                limit=limit,
            )


_CI_TOOLKIT = [str(Path(sys.executable).parent / "ci-toolkit")]
