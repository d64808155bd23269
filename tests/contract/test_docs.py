"""The documentation says what is true: generated parts, examples, names of commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ci_toolkit.cli.main import COMMANDS, cli
from tests.harness.configs import ENV, loaded

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("examples/*/README.md"))]


def test_the_generated_parts_are_as_generated() -> None:
    command = [sys.executable, str(ROOT / "scripts/generate_docs.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_readmes_config_is_right(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"```yaml\n(# \.ci-toolkit\.yml\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert list(loaded(tmp_path, example, ENV).images) == ["backend"]


def test_every_whole_config_in_the_docs_is_right(tmp_path: Path) -> None:
    blocks = [
        (page.name, block)
        for page in sorted((ROOT / "docs").glob("*.md"))
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        if block.startswith("version:")
    ]
    assert {"promotion.md", "login.md", "code-scanning.md"} <= {name for name, _ in blocks}
    for _, block in blocks:
        assert loaded(tmp_path, block, ENV).images


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_flag_that_is_named_exists(page: Path) -> None:
    for name, rest in re.findall(r"ci-toolkit ([a-z]+)\b([^`\n|#>;)]*)", _code(page)):
        assert name in COMMANDS, f"{page.name} names ci-toolkit {name}"
        command = cli.get_command(click.Context(cli), name)
        if isinstance(command, click.Group) and (below := re.match(r" ([a-z]+)", rest)):
            command = command.get_command(click.Context(command), below[1])
        assert command is not None
        flags = {option for parameter in command.params for option in parameter.opts} | {"-h", "--help"}
        for flag in re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", rest):
            assert flag in flags, f"{page.name}: ci-toolkit {name} has no {flag}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_shows_an_example(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Example: .*ci-toolkit {name}", result.output.replace("\n", " "))


def test_the_exit_codes_are_the_same_everywhere() -> None:
    for page in (ROOT / "README.md", ROOT / "docs/design.md"):
        assert re.findall(r"^\| (\d+(?:, \d+)?) \|", page.read_text(encoding="utf-8"), re.MULTILINE) == [
            *("0", "1", "2", "3", "4", "5"),
            "130, 143",
        ]


def test_the_schemas_are_json_and_named() -> None:
    for name in ("ci-toolkit", "state", "findings", "pin", "ignore", "report", "diff"):
        document = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
        assert document["title"]


def _code(page: Path) -> str:
    """What stands in code blocks and between backquotes."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])
