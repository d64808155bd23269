"""One image pinned in a tree of 10,000 manifests, beside grep and sed; in one kustomization, beside kustomize."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.manifests import IMAGE, make_tree
from bench.measure import RUNS, Contender, Figure, compare, once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.measure import Row

FILES, WITH_TARGET = 10_000, 1_000
CHECK, WRITE, PEAK = 3.0, 4.0, 150.0
"""Seconds on two cores, and megabytes."""
_DIGEST = f"sha256:{'d' * 64}"
_SED = f"grep -rlZ -e {IMAGE} tree | xargs -0 sed -i -E 's#({IMAGE}:[0-9.]+)#\\1@{_DIGEST}#'"
_KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
images:
  - name: registry.example.com/shop/checkout
    newTag: 1.0.0
"""


def rows() -> Iterator[Row | Figure]:
    """Whole processes in git checkouts, files in the page cache.

    grep and sed know nothing of YAML and don't wait for the disk; kustomize ends before Python has begun.
    """
    command = str(Path(sys.executable).parent / "ci-toolkit")
    pin = [command, "pin", "--quiet", "--image", f"{IMAGE}@{_DIGEST}"]
    with tempfile.TemporaryDirectory() as scratch:
        original, work = Path(scratch) / "original", Path(scratch) / "work"
        make_tree(original, files=FILES, with_target=WITH_TARGET)

        def fresh() -> None:
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(original, work / "tree")
            _as_checkout(work)
            os.sync()  # or our fsync waits for the copy

        fresh()
        check = ["sh", "-c", '"$@"; test $? = 1', "sh", *pin, "--check", "tree"]
        checked = [once(Contender(check, work)) for _ in range(RUNS)]
        seconds = statistics.median(sample.seconds for sample in checked)
        yield _shown(Figure(f"pin --check, {FILES:,} manifests", seconds, "s", CHECK))
        yield _shown(Figure("the same, memory", max(s.peak for s in checked) / 1e6, "MB", PEAK))
        ours, theirs = (
            Contender([*pin, "tree"], work, prepare=fresh),
            Contender(["sh", "-c", _SED], work, prepare=fresh),
        )
        row = compare(f"pin {WITH_TARGET:,} of {FILES:,} / grep | sed -i", ours, theirs, limit=None)
        yield row
        yield _shown(Figure("the same, in seconds", row.ours, "s", WRITE))
        yield _shown(Figure("the same, memory", row.peak / 1e6, "MB", PEAK))
        yield _kustomization(Path(scratch) / "one", pin)


def _shown(figure: Figure) -> Figure:
    print(figure, flush=True)
    return figure


def _as_checkout(directory: Path) -> None:
    """As pin is used: it asks git what is ignored."""
    subprocess.run(["git", "init", "--quiet", str(directory)], check=True)


def _kustomization(root: Path, pin: list[str]) -> Row:
    root.mkdir()
    _as_checkout(root)

    def fresh() -> None:
        (root / "kustomization.yaml").write_text(_KUSTOMIZATION, encoding="utf-8")

    return compare(
        "pin one kustomization / kustomize edit",
        Contender([*pin, "."], root, prepare=fresh),
        Contender(["kustomize", "edit", "set", "image", f"{IMAGE}=*:1.0.0@{_DIGEST}"], root, prepare=fresh),
        limit=None,
    )
