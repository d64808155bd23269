"""A scan with every report there is, against Trivy bare, and against the two runs that make a table and a SARIF file.

Both look for vulnerabilities and secrets, as Trivy does unasked. The database is there for both and isn't asked for
again. Of an image's layers no run knows anything when it starts, as after a build, or in a job of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, Row, compare
from tests.harness.built import built
from tests.harness.images import debian_packages, pip_package

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.harness.images import Tree

EIGHT = tuple(f"service-{number}" for number in range(8))
_PACKAGES = {"jinja2": "2.10", "requests": "2.19.0", "urllib3": "1.24.1", "werkzeug": "2.2.2", "pyyaml": "5.1"}
_SKIPPED = {"site-packages", "__pycache__"}


def rows() -> Iterator[Row]:
    """An image with Python and a large Go program in it; then eight with Python alone, the promise for two cores."""
    with tempfile.TemporaryDirectory() as scratch:
        one = _Side(Path(scratch) / "one", ("app",), [*_layers(), _large_program()])
        eight = _Side(Path(scratch) / "eight", EIGHT, _layers())
        json = "--format json --output report.json"
        yield compare("scan, all reports / one bare trivy", one.ours("scan,sarif"), one.trivy(json), limit=1.25)
        usual = ("--format table --output report.txt", "--format sarif --output report.sarif")
        yield compare(
            "scan, all reports / trivy for table, SARIF", one.ours("scan,sarif"), one.trivy(*usual), limit=0.6
        )
        yield compare("eight images at once / trivy one by one", eight.ours("scan"), eight.trivy(json), limit=1 / 1.6)


class _Side:
    """A project with these images, built, and a directory for Trivy beside it."""

    def __init__(self, root: Path, names: Sequence[str], layers: Sequence[Tree]) -> None:
        root.mkdir()
        self._root, self._names = root, names
        database = os.environ["CI_TOOLKIT_STACK_TRIVY_DB"]
        self._trivy = Path(os.environ["CI_TOOLKIT_STACK_TRIVY"])
        look_for = ("vulnerability", "secret")
        self._project = built(root / "project", database, layers, names=names, look_for=look_for)
        download = ("image", "--quiet", "--download-db-only", f"--db-repository={database}")
        subprocess.run([self._trivy, *download, f"--cache-dir={root / 'theirs'}"], check=True)

    def ours(self, steps: str) -> Contender:
        """`sarif` makes every report: for people, for GitHub, of materials. The gate says no, which is no failure."""
        command = f"{Path(sys.executable).parent / 'ci-toolkit'} run --quiet --steps {steps}"
        return Contender(
            ["sh", "-c", f"{command} || test $? -eq 1"],
            self._project.root,
            env=self._environment(),
            prepare=lambda: shutil.rmtree(self._root / "ours/ci-toolkit/trivy/layers", ignore_errors=True),
        )

    def trivy(self, *outputs: str) -> Contender:
        """One run an image and output, one after the other."""
        layouts = [self._project.root / ".ci-toolkit/layouts" / name for name in self._names]
        fixed = f"--quiet --skip-version-check --skip-db-update --offline-scan --cache-dir {self._root / 'theirs'}"
        known = self._root / "theirs/fanal"
        lines = [
            f"rm -rf {known}\n{self._trivy} image {fixed} --input {layout} {output}"
            for layout in layouts
            for output in outputs
        ]
        return Contender(["sh", "-euc", "\n".join(lines)], self._root)

    def _environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{self._trivy.parent}{os.pathsep}{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(self._root / "ours"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(self._root / "summary.md"),
        }


def _layers() -> list[Tree]:
    """A distribution with a hundred packages, Python with its library, and an application's packages."""
    base = debian_packages(**{f"lib{number}": "1.0-1" for number in range(100)}, zlib="1:1.2.13", curl="7.88.1-10")
    library = Path(sysconfig.get_path("stdlib"))
    files = [file for file in library.rglob("*") if not _SKIPPED & set(file.relative_to(library).parts)]
    python = {f"usr/local/lib/python3/{f.relative_to(library)}": f.read_bytes() for f in files if f.is_file()}
    python["usr/local/bin/python3"] = Path(sys.executable).read_bytes()
    return [base, python, *(pip_package(name, version) for name, version in _PACKAGES.items())]


def _large_program() -> Tree:
    return {"usr/local/bin/program": Path(os.environ["CI_TOOLKIT_STACK_TRIVY"]).resolve().read_bytes()}
