"""The whole job against the shell script a careful person would write: buildx, one trivy, crane, sed.

Both build the same reproducible image; the script scans one platform of it, as `trivy image --input` does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, Row, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXAMPLE = Path(__file__).parent.parent / "examples" / "hello"
_PIP = ("-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target")
_NOT_PACKAGES = shutil.ignore_patterns("site-packages", "__pycache__", "test", "config-*")
_SHELL = """\
set -eu
rm -rf layout
export SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
docker buildx build --quiet --platform linux/amd64,linux/arm64 --provenance=mode=min \\
    --output type=oci,dest=layout,tar=false,rewrite-timestamp=true .
trivy image --quiet --input layout --db-repository "$DATABASE" --format json --output report.json \\
    --severity HIGH,CRITICAL --exit-code 1
repository=$(cat repository)
digest=$(crane push --index --insecure layout "$repository:1.0.0" | sed 's/.*@//')
for tag in sha-abcdef1 20261124 latest; do crane tag --insecure "$repository:1.0.0" "$tag"; done
sed -i -E "s#(localhost:[0-9]+/hello):1.0.0#$repository:1.0.0@$digest#" deploy/*.yaml
"""


def rows() -> Iterator[Row]:
    """Context, build cache and database are warm, the repository is new each time.

    The image that counts is a service's of usual size: the example with Python's own library in it, some 70 MB. The
    example alone, 2 MB, shows what the toolkit takes however small the job.
    """
    yield _compare("run / shell script", payload=True, limit=1.15)
    yield _compare("the same, an image of 2 MB", payload=False, limit=None)


def _compare(name: str, *, payload: bool, limit: float | None) -> Row:
    registry = os.environ["CI_TOOLKIT_STACK_REGISTRY"]
    database = os.environ["CI_TOOLKIT_STACK_TRIVY_DB"]
    command = str(Path(sys.executable).parent / "ci-toolkit")
    with tempfile.TemporaryDirectory() as scratch:
        ours = _project(Path(scratch) / "ours", database, payload=payload)
        theirs = _project(Path(scratch) / "theirs", database, payload=payload)
        config = (ours / ".ci-toolkit.yml").read_text(encoding="utf-8")

        def fresh(root: Path) -> None:
            repository = f"{registry}/bench/hello-{uuid.uuid4().hex[:12]}"
            subprocess.run(["git", "checkout", "-q", "deploy"], cwd=root, check=True)
            shutil.rmtree(root / ".ci-toolkit", ignore_errors=True)
            (root / "repository").write_text(repository, encoding="utf-8")
            text = config.replace("localhost:5000/hello", repository)
            (root / ".ci-toolkit.yml").write_text(text, encoding="utf-8")
            for manifest in (root / "deploy").iterdir():
                text = manifest.read_text(encoding="utf-8")
                manifest.write_text(text.replace("localhost:5000/hello", repository), encoding="utf-8")

        return compare(
            name,
            Contender([command, "run", "--quiet"], ours, prepare=lambda: fresh(ours)),
            Contender(["sh", "-c", _SHELL], theirs, env={"DATABASE": database}, prepare=lambda: fresh(theirs)),
            limit=limit,
        )


def _project(root: Path, database: str, *, payload: bool) -> Path:
    shutil.copytree(_EXAMPLE, root, ignore=shutil.ignore_patterns("site-packages", ".ci-toolkit"))
    if payload:
        shutil.copytree(sysconfig.get_path("stdlib"), root / "www" / "python", symlinks=True, ignore=_NOT_PACKAGES)
    (root / ".gitignore").write_text("/site-packages/\n/www/python/\n/layout/\n/report.json\n/repository\n")
    config = root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace("localhost:5000/trivy-db:2", database), encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "the example"], ["tag", "v1.0.0"]):
        identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True)
    subprocess.run(
        [sys.executable, *_PIP, root / "site-packages", "-r", root / "requirements.txt"],
        check=True,
        capture_output=True,
    )
    return root
