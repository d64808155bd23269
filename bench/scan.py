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
from tests.harness.built import built, saved
from tests.harness.images import debian_packages, pip_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.harness.built import Built
    from tests.harness.images import Tree

EIGHT = tuple(f"service-{number}" for number in range(8))
_KINDS = ("vulnerability", "secret")
_PACKAGES = {"jinja2": "2.10", "requests": "2.19.0", "urllib3": "1.24.1", "werkzeug": "2.2.2", "pyyaml": "5.1"}
_SKIPPED = {"site-packages", "__pycache__"}


def rows() -> Iterator[Row]:
    """The toolkit's own image; a small one; then eight with Python alone, the promise for two cores.

    What we take besides Trivy is the same for any image, so on a small one it weighs more: that row has no limit.
    """
    image = os.environ.get("CI_TOOLKIT_IMAGE", "ci-toolkit:dev")
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        one = _Side(place / "one", lambda root: saved(root, _database(), image, look_for=_KINDS))
        small = _Side(place / "small", lambda root: _with_python(root, ("app",)))
        eight = _Side(place / "eight", lambda root: _with_python(root, EIGHT), EIGHT)
        json = "--format json --output report.json"
        yield compare("scan, all reports / one bare trivy", one.ours("scan,sarif"), one.trivy(json), limit=1.25)
        usual = ("--format table --output report.txt", "--format sarif --output report.sarif")
        yield compare(
            "scan, all reports / trivy for table, SARIF", one.ours("scan,sarif"), one.trivy(*usual), limit=0.6
        )
        yield compare(
            "the same of a small image / bare trivy", small.ours("scan,sarif"), small.trivy(json), limit=None
        )
        yield compare("eight images at once / trivy one by one", eight.ours("scan"), eight.trivy(json), limit=1 / 1.6)


class _Side:
    """A project with these images, built, and a directory for Trivy beside it."""

    def __init__(self, root: Path, make: Callable[[Path], Built], names: Sequence[str] = ("app",)) -> None:
        root.mkdir()
        self._root, self._names = root, names
        self._trivy = Path(os.environ["CI_TOOLKIT_STACK_TRIVY"])
        self._project = make(root / "project")
        download = ("image", "--quiet", "--download-db-only", f"--db-repository={_database()}")
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


def _database() -> str:
    return os.environ["CI_TOOLKIT_STACK_TRIVY_DB"]


def _with_python(root: Path, names: Sequence[str]) -> Built:
    return built(root, _database(), _layers(), names=names, look_for=_KINDS)


def _layers() -> list[Tree]:
    """A distribution with a hundred packages, Python with its library, and an application's packages."""
    base = debian_packages(**{f"lib{number}": "1.0-1" for number in range(100)}, zlib="1:1.2.13", curl="7.88.1-10")
    library = Path(sysconfig.get_path("stdlib"))
    files = [file for file in library.rglob("*") if not _SKIPPED & set(file.relative_to(library).parts)]
    python = {f"usr/local/lib/python3/{f.relative_to(library)}": f.read_bytes() for f in files if f.is_file()}
    python["usr/local/bin/python3"] = Path(sys.executable).read_bytes()
    return [base, python, *(pip_package(name, version) for name, version in _PACKAGES.items())]
