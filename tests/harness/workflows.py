"""What the linters of CI say of workflows and actions, and the workflows that pages show."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_BIN = Path(sys.executable).parent


def complaints(*workflows: Path, persona: Literal["regular", "auditor"] = "auditor") -> str:
    """Everything that actionlint, the schema and zizmor find wrong with these files; empty where it is nothing."""
    files = [str(file) for file in workflows]
    commands = (
        ["actionlint", "-no-color", *files],
        ["check-jsonschema", "--quiet", "--builtin-schema", "vendor.github-workflows", *files],
        ["zizmor", "--offline", "--quiet", "--color", "never", "--persona", persona, *files],
    )
    return "".join(_said(command) for command in commands)


def shown(page: Path) -> Iterator[str]:
    """Every whole workflow in the YAML blocks of a page: what has jobs and says when they run."""
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        if re.search(r"^on:", block, re.MULTILINE) and re.search(r"^jobs:", block, re.MULTILINE):
            yield block


def _said(command: list[str]) -> str:
    done = subprocess.run([str(_BIN / command[0]), *command[1:]], capture_output=True, text=True, check=False)
    return f"{command[0]}:\n{done.stdout}{done.stderr}\n" if done.returncode else ""
