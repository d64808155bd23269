"""`ci-toolkit sarif` writes the HTML report: one for all images, in the state, in the outputs, in the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit import state as states
from ci_toolkit.config.load import load
from ci_toolkit.report.findings_file import write_findings
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.project import git

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

CONFIG = """\
version: 1
images:
  api: { repositories: ["oci:out/api"] }
  web: { repositories: ["oci:out/web"] }
scan:
  gate: { severity: high, fixable-only: true }
"""
REPORT = ".ci-toolkit/reports/report.html"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose two images were scanned."""
    config = tmp_path / ".ci-toolkit.yml"
    config.write_text(CONFIG, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all")
    source = states.Source(revision=git(tmp_path, "rev-parse", "HEAD"), images_hash=load(config, {}).images_hash)
    state = states.State(tool_version="0", source=source)
    work = tmp_path / ".ci-toolkit"
    work.mkdir()
    for name, finding in (("api", URLLIB3), ("web", ZLIB)):
        found = image(platform(finding), image=name)
        write_findings(work / f"{name}.json", found)
        scan = states.Scan(
            scanner="trivy", version="1", policy_hash="sha256:1", scanned_at=found.scanned_at, digest=found.digest
        )
        state = state.with_image(
            name, digest=found.digest, scan=scan, reports={"findings": f".ci-toolkit/{name}.json"}
        )
    states.write(work / "state.json", state)
    return tmp_path


def test_one_page_for_all_images(root: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    result = run_command("sarif", cwd=root)
    assert result.returncode == 0, result.stderr
    text = (root / REPORT).read_text(encoding="utf-8")
    for words in ("1 of 2 images is refused by the gate", URLLIB3.id, ZLIB.id):
        assert words in text
    state = states.read(root / ".ci-toolkit/state.json")
    assert [state.image(name).reports["html"] for name in ("api", "web")] == [REPORT, REPORT]
    assert result.stdout.count(REPORT) == 2


def test_a_part_of_the_run_speaks_of_its_part(
    root: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    result = run_command("sarif", "--image", "web", cwd=root)
    assert result.returncode == 0, result.stderr
    assert "web passes the gate" in (root / REPORT).read_text(encoding="utf-8")


def test_a_dry_run_says_so_and_writes_nothing(
    root: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    result = run_command("sarif", "--dry-run", cwd=root)
    assert "put the findings of api into the HTML report of all images" in result.stdout
    assert not (root / REPORT).exists()
