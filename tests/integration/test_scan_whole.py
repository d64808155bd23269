"""All of an image is looked at: no instruction, directory or comment of its own keeps the scanner away."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.findings import SILENCER, Finding, Severity
from ci_toolkit.report.findings_file import read_findings
from ci_toolkit.scanners.trivy_commands import Private
from tests.harness.flawed import TOKEN
from tests.harness.images import DEBIAN_12
from tests.harness.scans import Scans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ci_toolkit.model.findings import Category
    from tests.conftest import Stack
    from tests.harness.named_scans import Places

    Command = Callable[..., subprocess.CompletedProcess[str]]

SETTINGS = f'TOKEN = "{TOKEN}"\n'
DOCKERFILE = """\
FROM scratch
COPY etc /etc
COPY settings.ini /www/settings.ini
CMD ["/hidden"]
COPY settings.ini /www/own.ini
COPY settings.ini /www/test/own.ini
CMD ["/shown"]
"""
BOTH = ["github-pat www/own.ini (critical)", "github-pat www/settings.ini (critical)"]
COMMENTS = (
    "trivy:ignore:*",
    "tfsec:ignore:*",
    "trivy:exp:2999-01-01:ignore:DS-0021",
    "trivy:example:x:ignore:*",
    f"trivy:{'a' * 30_000}:x:ignore:*",
)
"""All of them are taken by Trivy 0.76."""
HELD_BACK = (".git/config", "go.sum", "pic.png", "Pipfile.lock")
"""Of those that Trivy leaves out: nothing is expected to look like a secret there."""
COMMON = (
    "node_modules/a/a.js",
    "vendor/a.go",
    "test/a.ini",
    "latest_test.ini",
    "example.ini",
    "README.md",
    "locale/a",
)


@pytest.fixture
def image(places: Places) -> Iterator[str]:
    """An image with a CMD before its last layer, made by the engine."""
    name = f"{places.config()}:1"
    context = places.root / "context"
    (context / "etc").mkdir(parents=True)
    for file in ("etc/os-release", "etc/debian_version"):
        (context / file).write_text(str(DEBIAN_12[file]), encoding="utf-8")
    (context / "settings.ini").write_text(SETTINGS, encoding="utf-8")
    (context / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    subprocess.run(["docker", "build", "-q", "-t", name, context], check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "rmi", "-f", name], check=True, capture_output=True)


def test_what_stands_before_a_cmd_is_searched_wherever_the_image_is(
    places: Places, image: str, run_command: Command
) -> None:
    subprocess.run(["docker", "push", "-q", image], check=True, capture_output=True)
    subprocess.run(["docker", "save", "-o", places.root / "app.tar", image], check=True, capture_output=True)
    for target in (f"docker:{image}", "app.tar", image):
        result = run_command("scan", target, "--output", "json", cwd=places.root)
        assert result.returncode == 1, result.stderr
        assert json.loads(result.stdout)[target]["blocking"] == BOTH


def scanned(
    tmp_path: Path, stack: Stack, files: dict[str, str], *kinds: Category, low_secrets: bool = False
) -> dict[str, Finding]:
    scans = Scans(tmp_path, stack.trivy, (stack.database,), look_for=kinds, low_secrets=low_secrets)
    scans.add("app", {"linux/amd64": [DEBIAN_12, files]})
    scans.scan()
    [platform] = read_findings(tmp_path / scans.state.image("app").reports["findings"]).platforms
    return {finding.path: finding for finding in platform.findings if finding.id in ("github-pat", SILENCER)}


@pytest.mark.parametrize(
    ("kinds", "low_secrets"), [(("secret",), True), (("secret", "misconfiguration"), False), (("secret",), False)]
)
def test_a_secret_where_keys_open_nothing_counts_as_low_and_is_looked_for_where_that_can_matter(
    tmp_path: Path, stack: Stack, kinds: tuple[Category, ...], *, low_secrets: bool
) -> None:
    always = {f"app/{name}" for name in HELD_BACK}
    common = {*(f"app/{name}" for name in COMMON), "usr/share/a.ini", "usr/local/lib/python3.12/a.py"}
    files = dict.fromkeys(sorted(always | common), SETTINGS)
    found = scanned(tmp_path, stack, files, *kinds, low_secrets=low_secrets)
    everywhere = low_secrets or "misconfiguration" in kinds
    assert {path: finding.severity for path, finding in found.items()} == {
        **dict.fromkeys(always, Severity.CRITICAL),
        **(dict.fromkeys(common, Severity.LOW) if everywhere else {}),
    }


@pytest.mark.parametrize("name", [".wh.secrets.yaml", "secrets.yaml"])
def test_a_file_that_is_called_like_the_rules_for_secrets_is_searched(tmp_path: Path, stack: Stack, name: str) -> None:
    rules = Private(tmp_path / ".ci-toolkit/scan").secret_config.with_name(name)
    ends = {str(rules.relative_to(parent)) for parent in (rules.parent, rules.parents[1], rules.parents[2])}
    found = scanned(tmp_path, stack, dict.fromkeys((*ends, "other.yaml"), SETTINGS), "secret")
    assert sorted(found) == sorted([*(ends if name == "secrets.yaml" else ()), "other.yaml"]), "no file, or searched"


def test_the_gate_says_where_secrets_are_looked_for(places: Places, image: str, run_command: Command) -> None:
    places.config()
    config = places.root / ".ci-toolkit.yml"
    as_it_was = config.read_text(encoding="utf-8")
    for gate, low in (
        (", severity: low, secrets: high", []),
        (", severity: low", ["github-pat www/test/own.ini (low)"]),
    ):
        config.write_text(as_it_was.replace("fixable-only: true", f"fixable-only: true{gate}"), encoding="utf-8")
        result = run_command("scan", f"docker:{image}", "--output", "json", cwd=places.root)
        assert result.returncode == 1, result.stderr
        assert json.loads(result.stdout)[f"docker:{image}"]["blocking"] == [*BOTH, *low]


@pytest.mark.parametrize("place", ["", "app/test/", "node_modules/a/"])
def test_every_comment_that_silences_checks_is_a_critical_misconfiguration(
    tmp_path: Path, stack: Stack, place: str
) -> None:
    files = {
        f"{place}{number}/Dockerfile": f"FROM debian:12\n# {comment}\nRUN apt-get install curl\nUSER a\n"
        for number, comment in enumerate(COMMENTS)
    }
    found = scanned(tmp_path, stack, files, "secret", "misconfiguration")
    assert {(f.category, f.id, f.severity) for f in found.values()} == {
        ("misconfiguration", SILENCER, Severity.CRITICAL)
    }
    assert sorted(found) == sorted(files)


def test_a_comment_counts_where_misconfigurations_alone_are_looked_for(tmp_path: Path, stack: Stack) -> None:
    scans = Scans(tmp_path, stack.trivy, (stack.database,), look_for=("misconfiguration",))
    silenced = f"FROM debian:12\n# trivy:ignore:*\nRUN apt-get install curl\nUSER a\nENV A={TOKEN}\n"
    scans.add("app", {"linux/amd64": [DEBIAN_12, {"app/Dockerfile": silenced}]}, env={"A": "b"})
    scans.policy = replace(scans.policy, fixable_only=False)
    image = scans.scan().image("app")
    assert image.verdict == "fail"
    assert f"{SILENCER} app/Dockerfile (critical)" in image.blocking
    assert not [line for line in image.blocking if "github-pat" in line]
