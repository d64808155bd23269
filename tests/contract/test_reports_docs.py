"""docs/reports.md: its table has every form, its examples run and print what they show."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.cli.report_forms import FORMS
from ci_toolkit.report.findings_file import write_findings
from tests.harness.findings import URLLIB3, ZLIB, image, platform

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

PAGE = (Path(__file__).parent.parent.parent / "docs" / "reports.md").read_text(encoding="utf-8")
AGAIN, CHANGED = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)


def test_the_table_has_every_form() -> None:
    cells = re.findall(r"^\| (`[^|]+`) \|", PAGE, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert [name for name in named if name != "--format"] == list(FORMS)


def test_every_command_makes_its_report(tmp_path: Path, run_command: Run) -> None:
    found = image(platform(URLLIB3, ZLIB))
    (tmp_path / ".ci-toolkit.yml").write_text("version: 1\nimages: { backend: { repositories: ['oci:out'] } }\n")
    for place in ("findings.json", ".ci-toolkit/reports/backend/findings.json"):
        write_findings(tmp_path / place, found)
    write_findings(tmp_path / "downloaded/.ci-toolkit/reports/backend/findings.json", found)
    for line in AGAIN.splitlines():
        arguments = shlex.split(line.removeprefix("$ ci-toolkit "))
        if "--from" not in arguments:
            arguments += ["--from", ".ci-toolkit"]  # no run left a state here
        result = run_command(*arguments, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "report.html").stat().st_size
    assert (tmp_path / "backend.sarif").stat().st_size


def test_the_comparison_prints_what_it_shows(tmp_path: Path, run_command: Run) -> None:
    command, _, printed = CHANGED.partition("\n")
    write_findings(tmp_path / "old/findings.json", image(platform(ZLIB)))
    write_findings(tmp_path / "new/findings.json", image(platform(URLLIB3)))
    assert run_command(*shlex.split(command)[2:], cwd=tmp_path).stdout == printed
