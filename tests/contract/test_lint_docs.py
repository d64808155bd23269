"""docs/lint.md: what its example prints, its table of rules, its config, its workflow, job and hook."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ci_toolkit.cli.action_inputs import arguments
from ci_toolkit.config.load import lint_defaults
from tests.harness.configs import loaded
from tests.harness.linting import Linting, pod

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (Path(__file__).parent.parent.parent / "docs" / "lint.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(yaml|console)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def lint(tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Linting:
    return Linting(tmp_path, run_command)


def block(beginning: str) -> str:
    [found] = [str(text) for _, text in BLOCKS if text.startswith(beginning)]
    return found


def test_the_first_example_prints_what_it_shows(lint: Linting) -> None:
    command, _, printed = block("$ ci-toolkit lint deploy/").partition("\n")
    lint.write("deploy/app.yaml", block("# deploy/app.yaml"))
    assert lint(*shlex.split(command)[3:], code=1).stdout == printed


def test_the_table_has_the_rules_and_their_levels() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| .* \| (\w+) \|$", PAGE, re.MULTILINE)
    assert dict(rows) == dict(lint_defaults().rules)


def test_what_is_said_of_registries_is_so(lint: Linting) -> None:
    lint.write("Dockerfile", "FROM scratch\n")
    lint.write(".ci-toolkit.yml", block("version: 1"))
    assert loaded(lint.root, block("version: 1")).lint.environments == ("production",)
    [told] = re.findall(r"- \*\*Registries\*\*(.*?)\n- ", PAGE, re.DOTALL)
    _, taken, *refused, _, _ = re.findall(r"`([^`]+)`", told)
    lint.write("app.yaml", pod(taken, *refused))
    found = [f["image"] for f in lint.report("app.yaml", code=1)["findings"] if f["rule"] == "registry"]
    assert found == refused == ["ghcr.io/acme-evil/app", "ghcr.io.example.com/acme/app"]


def test_the_hook_takes_the_files_it_is_for(lint: Linting) -> None:
    [hook] = yaml.safe_load(block("repos:"))["repos"][0]["hooks"]
    assert re.search(hook["files"], "deploy/app.yaml")
    lint.write("deploy/app.yaml", pod("nginx"))
    command, _, *flags = shlex.split(hook["entry"])
    assert command == "ci-toolkit"
    assert lint(*flags, "deploy/app.yaml", code=1).stdout.count("\n") == 1


def test_the_job_is_one_and_its_command_writes_what_it_keeps(lint: Linting) -> None:
    text = block("images-in-manifests:")
    file = lint.write(".gitlab-ci.yml", text)
    checker = [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]
    assert subprocess.run([*checker, str(file)], capture_output=True, check=False).returncode == 0
    job: dict[str, Any] = yaml.safe_load(text)["images-in-manifests"]
    _writes_what_it_keeps(lint, job["script"][0], job["artifacts"]["reports"]["codequality"])


def test_the_workflow_s_command_writes_what_it_uploads(lint: Linting) -> None:
    _, action, upload = yaml.safe_load(block("name: lint"))["jobs"]["lint"]["steps"]
    command = arguments({"INPUT_ARGS": action["with"]["args"], "INPUT_DRY-RUN": "false"})
    _writes_what_it_keeps(lint, shlex.join(["ci-toolkit", *command]), upload["with"]["sarif_file"])


def _writes_what_it_keeps(lint: Linting, command: str, file: str) -> None:
    lint.write("deploy/app.yaml", pod("nginx"))
    _, name, *arguments = shlex.split(command)
    assert name == "lint"
    lint(*arguments, code=1)
    assert (lint.root / file).is_file()


def test_the_attestation_is_the_promotion_s() -> None:
    promotion = (Path(__file__).parent.parent.parent / "docs" / "promotion.md").read_text(encoding="utf-8")
    [kind] = re.findall(r"\$ (TYPE=\S+)", PAGE)
    assert kind in promotion
