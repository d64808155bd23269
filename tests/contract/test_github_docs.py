"""Every YAML example of the GitHub page works, and so do the workflows of the other pages and of the examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.harness.configs import loaded
from tests.harness.github_examples import EXAMPLES, NAMES, copied
from tests.harness.workflows import complaints, shown

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "github.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
JOB = """\
name: steps of the page
on: push
permissions: {}
concurrency: { group: page, cancel-in-progress: true }
jobs:
  steps:
    name: Steps
    runs-on: ubuntu-24.04
    environment: page
    permissions: {}
    timeout-minutes: 5
    steps:
"""


def _saved(directory: Path, name: str, text: str) -> Path:
    file = directory / ".github" / "workflows" / f"{name}.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("block", BLOCKS, ids=range(1, len(BLOCKS) + 1))
def test_every_example_is_right(tmp_path: Path, block: str) -> None:
    if block.startswith("version:"):
        assert loaded(tmp_path, block).images
    elif block.startswith("name:"):
        # What was there before commits with git's own credentials, which the auditor's persona dislikes.
        before = "docker/build-push-action" in block
        assert complaints(_saved(tmp_path, "page", block), persona="regular" if before else "auditor") == ""
    else:
        assert block.startswith("- "), "an example is a config, a workflow or steps of one"
        steps = "".join(f"      {line}" if line.strip() else line for line in block.splitlines(keepends=True))
        assert complaints(_saved(tmp_path, "steps", JOB + steps)) == ""


def test_every_workflow_of_every_page_is_right(tmp_path: Path) -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    files = [
        _saved(tmp_path, f"{page.stem}-{number}", text)
        for page in pages
        if page != PAGE
        for number, text in enumerate(shown(page))
    ]
    assert (complaints(*files) if files else "") == ""


def test_the_lines_that_are_told_are_counted() -> None:
    text = PAGE.read_text(encoding="utf-8")
    _, _, migration = text.partition("## Coming from")
    blocks = re.findall(r"```yaml\n(.*?)```", migration, re.DOTALL)
    told = [int(number) for number in re.findall(r"(?:Before|After), (\d+) lines", migration)]
    assert told == [len(block.splitlines()) for block in blocks]


@pytest.mark.parametrize("name", NAMES)
def test_every_example_project_has_a_right_config(tmp_path: Path, name: str) -> None:
    root = copied(name, tmp_path / name)
    config = loaded(root, (root / ".ci-toolkit.yml").read_text(encoding="utf-8"))
    assert all((image.dockerfile).is_file() for image in config.images.values())


def test_the_first_example_is_the_one_of_the_page() -> None:
    assert BLOCKS[0] == (EXAMPLES / "one-job/.github/workflows/container.yml").read_text(encoding="utf-8")


def test_both_tables_of_permissions_know_the_same_ones_and_no_step_that_isnt_there() -> None:
    by_step, by_permission = (
        re.split(r"^## Permissions$", (ROOT / "docs" / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
        for name in ("trust.md", "github.md")
    )
    header = next(line for line in by_permission.splitlines() if line.startswith("| step"))
    rows = "".join(line for line in by_step.splitlines() if line.startswith("|"))
    assert set(re.findall(r"`([a-z-]+): (?:read|write)`", rows)) == set(re.findall(r"`([a-z-]+)`", header))
