"""docs/scan.md: what its examples print, its configs, its workflow and its job."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.harness.configs import loaded
from tests.harness.named_scans import FINE, VULNERABLE, Places
from tests.harness.workflows import complaints, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stack

    Command = Callable[..., subprocess.CompletedProcess[str]]

FILE = Path(__file__).parent.parent.parent / "docs" / "scan.md"
PAGE = FILE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(?:yaml|console)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def places(tmp_path: Path, stack: Stack) -> Places:
    made = Places(tmp_path, stack.registry, stack.database)
    made.config()
    return made


def block(beginning: str) -> str:
    [found] = [str(text) for text in BLOCKS if text.startswith(beginning)]
    return found


def test_the_first_example_prints_what_it_shows(places: Places, run_command: Command) -> None:
    command, printed = block("$ ci-toolkit scan oci:image").splitlines()
    places.layout("image", {"linux/amd64": FINE, "linux/arm64": VULNERABLE})
    result = run_command(*shlex.split(command)[2:], cwd=places.root)
    assert (result.returncode, result.stdout.splitlines()[0]) == (1, printed)


def test_every_kind_of_baseline_is_an_option(tmp_path: Path) -> None:
    [config] = [text for text in BLOCKS if "\n  baseline: {" in text]
    kinds = re.findall(r"^\| `(\{ .* \})` \|", PAGE, re.MULTILINE)
    pins = 'pin: [{ files: ["deploy/*.yaml"] }]\n'
    pins += 'environments: { production: { tags: [production], pin: ["live/*.yaml"] } }\n'
    told = [loaded(tmp_path, config.replace("{ tag: production }", kind) + pins).scan.baseline for kind in kinds]
    assert [(b.tag, b.manifests, b.environment, b.findings) for b in told if b] == [
        ("production", False, None, None),
        (None, True, None, None),
        (None, True, "production", None),
        (None, False, None, "baseline/{image}.json"),
    ]


def test_a_mirror_that_copy_made_serves(places: Places, run_command: Command, stack: Stack) -> None:
    [command] = re.findall(r"`(ci-toolkit copy [^`]+)`", PAGE)
    mirror = f"{stack.registry}/test/mirror-{uuid.uuid4().hex[:12]}:2"
    _, copy, _, _ = shlex.split(command)
    assert run_command(copy, stack.database, mirror, cwd=places.root).returncode == 0
    config = places.root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace(stack.database, mirror), encoding="utf-8")
    places.layout("image", {"linux/amd64": FINE})
    result = run_command("scan", "oci:image", cwd=places.root, env={"XDG_CACHE_HOME": str(places.root / "cache")})
    assert result.returncode == 0, result.stderr


def test_a_cache_that_was_carried_there_needs_no_network(places: Places, run_command: Command) -> None:
    places.layout("image", {"linux/amd64": VULNERABLE})
    here = {"XDG_CACHE_HOME": str(places.root / "here")}
    assert run_command("scan", "oci:image", cwd=places.root, env=here).returncode == 1
    printed = run_command("scan", "--print-cache", "--format", "json", cwd=places.root, env=here).stdout
    kept = json.loads(printed)
    carried = places.root / "carried"
    shutil.copytree(kept["path"], carried / "ci-toolkit" / "trivy", symlinks=True)
    away = {"XDG_CACHE_HOME": str(carried), "HTTP_PROXY": "http://localhost:9", "HTTPS_PROXY": "http://localhost:9"}
    result = run_command("scan", "oci:image", cwd=places.root, env=away)
    assert result.returncode == 1, result.stderr
    assert "refreshing" not in result.stderr


def test_the_cache_is_named_as_shown(places: Places, run_command: Command) -> None:
    command, *printed = block("$ ci-toolkit scan --print-cache").splitlines()
    result = run_command(*shlex.split(command)[2:], cwd=places.root, env={"XDG_CACHE_HOME": "", "HOME": "/root"})
    shape = [re.sub(r"[0-9a-f]{12}|[0-9]{8}", "…", line) for line in result.stdout.splitlines()]
    assert shape == [re.sub(r"[0-9a-f]{12}|[0-9]{8}", "…", line) for line in printed]
    assert not (places.root / ".ci-toolkit").exists()


def test_the_workflow_is_right_and_uses_what_is_printed(tmp_path: Path, places: Places, run_command: Command) -> None:
    [workflow] = shown(FILE)
    file = tmp_path / ".github" / "workflows" / "scan.yml"
    file.parent.mkdir(parents=True)
    file.write_text(workflow, encoding="utf-8")
    assert complaints(file) == ""
    print_cache, cache, _ = yaml.safe_load(workflow)["jobs"]["scan"]["steps"]
    arguments = shlex.split(print_cache["run"].partition(" >> ")[0])[1:]
    printed = run_command(*arguments, cwd=places.root).stdout.splitlines()
    names = [line.partition("=")[0] for line in printed]
    assert cache["with"] == {name: f"${{{{ steps.{print_cache['id']}.outputs.{name} }}}}" for name in names}


def test_the_job_is_one_and_keeps_the_cache(places: Places, run_command: Command) -> None:
    text = block("scan-what-is-deployed:")
    file = places.root / ".gitlab-ci.yml"
    file.write_text(text, encoding="utf-8")
    checker = [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]
    assert subprocess.run([*checker, str(file)], capture_output=True, check=False).returncode == 0
    job: dict[str, Any] = yaml.safe_load(text)["scan-what-is-deployed"]
    base = job["variables"]["XDG_CACHE_HOME"].replace("$CI_PROJECT_DIR", str(places.root))
    printed = run_command("scan", "--print-cache", cwd=places.root, env={"XDG_CACHE_HOME": base}).stdout
    [kept] = job["cache"]["paths"]
    assert f"path={places.root / kept}\n" in printed
