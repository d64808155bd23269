"""Copying 200 MB between two registries, beside `crane copy`: wall time, and memory that stays flat."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, compare
from bench.push import PEAK, empty, make_layout, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.measure import Row


def rows() -> Iterator[Row]:
    """Both copy the same image, in turn, to a registry whose storage is empty."""
    command = str(Path(sys.executable).parent / "ci-toolkit")
    with (
        tempfile.TemporaryDirectory() as scratch,
        registry(Path(scratch) / "from") as (source, _),
        registry(Path(scratch) / "to") as (target, storage),
    ):
        layout = Path(scratch) / "layout"
        make_layout(layout)
        subprocess.run(["crane", "push", layout, f"{source}/bench/app:1"], check=True, capture_output=True)

        prepare = partial(empty, storage)
        image, ours = f"{source}/bench/app:1", [sys.executable, "-m", "bench.once", "copy"]
        crane = Contender(["crane", "copy", image, f"{target}/bench/theirs:1"], prepare=prepare)
        for name, argv, reports, limit in (
            ("copy 200 MB to another registry / crane copy", ours, True, 1.1),
            ("the same, with the interpreter's start", [command, "copy", "--quiet"], False, None),
        ):
            contender = Contender([*argv, image, f"{target}/bench/ours:1"], prepare=prepare, reports=reports)
            row = compare(name, contender, crane, limit=limit)
            if row.peak > PEAK:
                sys.exit(f"a copy took {row.peak / 1e6:.0f} MB of memory: {PEAK / 1e6:.0f} MB are promised")
            yield row
