"""`ci-toolkit sarif` writes the HTML report: one for all images, in the state, in the outputs, in the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit import state as states
from tests.harness.built import scanned
from tests.harness.findings import URLLIB3, ZLIB, image, platform

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
    return scanned(
        tmp_path, CONFIG, *(image(platform(f), image=name) for name, f in (("api", URLLIB3), ("web", ZLIB)))
    )


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
