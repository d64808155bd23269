"""What others make of a file: Helm of a chart, Compose of a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.harness.registry import program

if TYPE_CHECKING:
    from pathlib import Path

_HELM = """
import json, sys, helm_python
values = helm_python.values_from_yaml(open(sys.argv[2]).read()) if sys.argv[2:] else None
print(json.dumps(helm_python.Chart.load(sys.argv[1]).render(values, name="release")))
"""


def helm_template(chart: Path, *values: Path) -> dict[str, Any]:
    """The objects of a chart, by their template: what `helm template` prints."""
    library = os.environ.get("CI_TOOLKIT_STACK_HELM")
    if not library:
        pytest.fail("CI_TOOLKIT_STACK_HELM is not set: run `scripts/stack up --tests`", pytrace=False)
    manifests = _json(sys.executable, "-c", _HELM, str(chart), *map(str, values), PYTHONPATH=library)
    return {name: yaml.safe_load(text) for name, text in manifests.items()}


def compose_config(file: Path, **environment: str) -> dict[str, Any]:
    """The project as Compose would run it: anchors, merges and variables resolved."""
    command = (program("docker-compose"), "--project-name", "x", "--file", str(file), "config", "--format", "json")
    config: dict[str, Any] = _json(*command, **environment)
    return config


def _json(*command: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
