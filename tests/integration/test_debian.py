"""A real operating system in the image: the gate on packages that Debian fixed, and on those it never will."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stack

Completed = subprocess.CompletedProcess[str]
CONFIG = """\
version: 1
images:
  app:
    platforms: [linux/amd64]
    repositories: ["oci:out/app"]
    tags: [fixed]
scan:
  gate: {{ severity: high, fixable-only: {fixable_only} }}
  database: {{ repositories: ["{database}"] }}
"""


@pytest.mark.parametrize(("fixable_only", "code"), [("false", 1), ("true", 0)])
def test_what_debian_will_not_fix_fails_only_a_gate_that_asks_for_it(
    stack: Stack, tmp_path: Path, run_command: Callable[..., Completed], fixable_only: str, code: int
) -> None:
    (tmp_path / "Dockerfile").write_text('FROM debian:bookworm-slim\nCMD ["true"]\n', encoding="utf-8")
    config = CONFIG.format(fixable_only=fixable_only, database=stack.database)
    (tmp_path / ".ci-toolkit.yml").write_text(config, encoding="utf-8")
    result = run_command("run", cwd=tmp_path)
    assert result.returncode == code, result.stderr
    image = json.loads((tmp_path / ".ci-toolkit/state.json").read_text())["images"]["app"]
    findings = json.loads((tmp_path / image["reports"]["findings"]).read_text())["platforms"][0]
    severe = [f for f in findings["findings"] if f["severity"] in ("high", "critical")]
    assert severe
    assert {finding["status"] for finding in severe} == {"will_not_fix"}
    assert findings["os"].startswith("debian 12")
    assert (tmp_path / "out/app").exists() == (code == 0)
