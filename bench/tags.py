"""Listing 10,000 tags of one repository, as a whole process, beside `crane ls`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, compare
from bench.push import registry
from tests.harness.images import make_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.measure import Row

TAGS = 10_000
SECONDS = 2.0


def rows() -> Iterator[Row]:
    """The tags are written into the registry's storage, which takes seconds where pushing them takes minutes."""
    command = str(Path(sys.executable).parent / "ci-toolkit")
    with tempfile.TemporaryDirectory() as scratch, registry(Path(scratch) / "registry") as (host, storage):
        layout = Path(scratch) / "layout"
        make_image(layout, {"linux/amd64": [{"a": "1"}]})
        subprocess.run(["crane", "push", layout, f"{host}/bench/app:1.0.0"], check=True, capture_output=True)
        tags = storage / "docker/registry/v2/repositories/bench/app/_manifests/tags"
        for number in range(1, TAGS):
            shutil.copytree(tags / "1.0.0", tags / f"1.{number // 100}.{number % 100}-{number}")
        asked = [command, "tags", f"{host}/bench/app"]
        listed = subprocess.run([*asked, "--format", "json"], check=True, capture_output=True)
        if len(json.loads(listed.stdout)["tags"]) != TAGS:
            sys.exit("the registry lists another number of tags")
        row = compare(
            f"list {TAGS:,} tags / crane ls",
            Contender(asked),
            Contender(["crane", "ls", f"{host}/bench/app"]),
            limit=None,
        )
        if row.ours > SECONDS:
            sys.exit(f"listing took {row.ours:.1f} s: {SECONDS:.0f} s are promised")
        yield row
