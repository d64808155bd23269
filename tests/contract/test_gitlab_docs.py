"""Every YAML example of the GitLab page is right: a config loads, a pipeline is as GitLab's schema has it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.configs import loaded
from tests.harness.gitlab_projects import EXAMPLE, TEMPLATES

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "gitlab.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
OURS = re.compile(r"templates/gitlab/(\w+)\.yml|ci-toolkit/ci-toolkit/gitlab@")


def _complaints(file: Path) -> str:
    command = [str(Path(sys.executable).parent / "check-jsonschema"), "--quiet"]
    checked = [*command, "--builtin-schema", "vendor.gitlab-ci", str(file)]
    return subprocess.run(checked, capture_output=True, text=True, check=False).stdout


def _ours(pipeline: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The templates of this project that are included, with their inputs."""
    found = []
    for entry in pipeline.get("include", []):
        where = OURS.search(f"{entry.get('component', '')}{entry.get('remote', '')}{entry.get('file', '')}")
        if where:
            found.append((where[1] or "template", entry.get("inputs", {})))
    return found


@pytest.mark.parametrize("block", BLOCKS, ids=range(1, len(BLOCKS) + 1))
def test_every_example_is_right(tmp_path: Path, block: str) -> None:
    if block.startswith("version:"):
        assert loaded(tmp_path, block).images
        return
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(block, encoding="utf-8")
    assert _complaints(file) == ""
    assert yaml.safe_load(block)["include"]


@pytest.mark.parametrize("text", [*BLOCKS, (EXAMPLE / ".gitlab-ci.yml").read_text(encoding="utf-8")])
def test_only_inputs_that_there_are_are_given(text: str) -> None:
    for name, inputs in _ours(yaml.safe_load(text)):
        spec = next(yaml.safe_load_all((TEMPLATES / "gitlab" / f"{name}.yml").read_text(encoding="utf-8")))
        assert set(inputs) <= set(spec["spec"]["inputs"]), name


def test_the_example_project_is_right(tmp_path: Path) -> None:
    assert _complaints(EXAMPLE / ".gitlab-ci.yml") == ""
    assert loaded(tmp_path, (EXAMPLE / ".ci-toolkit.yml").read_text(encoding="utf-8")).environments
