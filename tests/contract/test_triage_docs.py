"""docs/triage.md: what its examples print, its tables, its lines for .gitignore."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from ci_toolkit.files import packaged_schema
from ci_toolkit.model.triage import Standing
from tests.harness.project import git
from tests.harness.workplace import Workplace

if TYPE_CHECKING:
    from subprocess import CompletedProcess

PAGE = (Path(__file__).parent.parent.parent / "docs" / "triage.md").read_text(encoding="utf-8")
TODAY = datetime.now(UTC).date()
DATED = PAGE.replace("2027-02-25", f"{TODAY + timedelta(days=90)}").replace("2026-11-27", f"{TODAY}")
"""The page as it would be, written today."""
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", DATED, re.DOTALL)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    made = Workplace(tmp_path)
    made.configure("ghcr.io/acme/app")
    git(made.project, "init", "-q")
    return made


def block(kind: str, beginning: str) -> str:
    [found] = [text for language, text in BLOCKS if language == kind and text.startswith(beginning)]
    return str(found)


def example(workplace: Workplace, beginning: str) -> tuple[CompletedProcess[str], str]:
    """A command of the page, run, and what the page says that it prints."""
    command, _, printed = block("console", f"$ ci-toolkit {beginning}").partition("\n")
    return workplace.run(*shlex.split(command)[2:]), printed


def test_an_entry_is_added_and_listed(workplace: Workplace) -> None:
    added, printed = example(workplace, "triage add")
    assert (added.returncode, added.stdout) == (0, printed)
    assert (workplace.project / ".ci-toolkit/ignore.yml").read_text() == block("yaml", "# Findings")
    listed, printed = example(workplace, "triage list")
    assert (listed.returncode, listed.stdout) == (0, printed)


def test_a_file_of_trivys_is_refused_for_what_means_nothing(workplace: Workplace) -> None:
    (workplace.project / ".trivyignore").write_text(block("text", "# the parser"))
    refused, printed = example(workplace, "triage import")
    assert refused.returncode == 2
    assert refused.stderr.startswith(printed)
    assert not (workplace.project / ".ci-toolkit").exists()


def test_the_tables_are_complete() -> None:
    options = dict(re.findall(r"^\| `(\w+)` \| .* \| (yes|) ?\|$", PAGE, re.MULTILINE))
    schema = json.loads(packaged_schema("ignore.schema.json"))["$defs"]["ignore"]
    assert list(options) == list(schema["properties"])
    assert [name for name, needed in options.items() if needed] == schema["required"]
    standings = re.findall(r"^\| `([a-z ]+)` \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert standings == list(get_args(Standing))


def test_the_lines_for_gitignore(workplace: Workplace) -> None:
    (workplace.project / ".gitignore").write_text(block("text", ".ci-toolkit/*"))
    example(workplace, "triage add")
    assert workplace.run("tag").returncode == 0
    git(workplace.project, "add", "-A")
    assert git(workplace.project, "ls-files", ".ci-toolkit") == ".ci-toolkit/ignore.yml"
