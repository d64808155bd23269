"""Bills of materials by a Trivy that misbehaves: told as such, nothing half-made left, SARIF there all the same."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.process import SystemRunner
from ci_toolkit.progress import Silent
from ci_toolkit.redact import Redactor
from ci_toolkit.scanners.sbom import TrivySboms
from ci_toolkit.steps.judge import Judge
from ci_toolkit.steps.sarif import SarifStep
from ci_toolkit.steps.sboms import SbomReports
from tests.harness.fake_trivy import fake_trivy
from tests.harness.images import DEBIAN_12
from tests.harness.scans import Scans

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
SPDX = {"spdxVersion": "SPDX-2.3", "name": "x"}
CYCLONEDX = {"bomFormat": "CycloneDX", "specVersion": "1.7", "metadata": {"properties": [{"name": "a", "value": "b"}]}}
SCRIPT = """#!{python}
import json, os, pathlib, sys
flags = dict(part.partition("=")[::2] for part in sys.argv[2:])
report = json.loads(pathlib.Path(sys.argv[-1]).read_text())
assert sys.argv[1] == "convert" and os.listdir() == [] and report["ArtifactName"] == "backend", sys.argv
assert not [name for name in os.environ if name.startswith("TRIVY_")]
for name in ("--config", "--ignorefile"):
    assert pathlib.Path(flags[name]).read_bytes() == b""
{does}
"""


class Sboms:
    """A scanned image of two platforms, and a `convert` that does what a test says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        trivy = fake_trivy(root / "trivy")
        trivy.serves("mirror/trivy-db:2", NOW - timedelta(hours=1))
        self.scans = Scans(root, trivy.program, ("mirror/trivy-db:2",), now=NOW)
        self.scans.add("backend", {name: [DEBIAN_12] for name in ("linux/amd64", "linux/arm64")})
        self.state = self.scans.scan()
        self.saved: list[Any] = []

    def step(self, does: str, *formats: Any) -> SarifStep:
        program = self.root / "convert"
        program.write_text(SCRIPT.format(python=sys.executable, does=does))
        program.chmod(0o755)
        env = {**os.environ, "TRIVY_FORMAT": "table"}
        maker = TrivySboms(SystemRunner(env, Redactor()), image="none", timeout=20, progress=Silent(), program=program)
        workdir = self.root / ".ci-toolkit"
        return SarifStep(
            self.scans.images,
            judge=Judge(self.scans.policy, root=self.root, repository=self.root),
            category="container/{image}",
            root=self.root,
            workdir=workdir,
            progress=self.scans.progress,
            save=self.saved.append,
            others=[
                SbomReports(maker, formats, root=self.root, workdir=workdir, properties=lambda _, p: {"os": p.os})
            ],
        )

    @property
    def files(self) -> list[str]:
        kept = self.root / ".ci-toolkit/reports/backend"
        return sorted(path.name for path in kept.iterdir() if path.name.startswith(("cyclonedx", "spdx")))


def writes(document: object) -> str:
    return f"pathlib.Path(flags['--output']).write_text({json.dumps(document)!r})"


@pytest.fixture
def sboms(tmp_path: Path) -> Sboms:
    return Sboms(tmp_path)


def test_one_file_a_platform_and_none_of_an_earlier_run(sboms: Sboms) -> None:
    kept = sboms.root / ".ci-toolkit/reports/backend"
    (kept / "cyclonedx-linux-s390x.json").write_text("{}")
    state = sboms.step(writes(CYCLONEDX), "cyclonedx").run(sboms.state)
    assert sboms.files == ["cyclonedx-linux-arm64.json", "cyclonedx.json"]
    made = json.loads((sboms.root / state.image("backend").reports["cyclonedx linux/amd64"]).read_text())
    assert (made["specVersion"], made["$schema"]) == ("1.6", "http://cyclonedx.org/schema/bom-1.6.schema.json")
    assert [each["name"] for each in made["metadata"]["properties"]] == ["a", "os"]
    assert not (sboms.root / ".ci-toolkit/sbom").exists()


def test_the_plan_has_the_command_and_the_file_of_each(sboms: Sboms) -> None:
    actions = sboms.step("", "spdx").plan(sboms.state)
    assert [action.path.rpartition("/")[2] for action in actions if action.path] == [
        "trivy.sarif",
        "spdx.json",
        "spdx-linux-arm64.json",
    ]
    assert all("--format=spdx-json" in action.argv for action in actions if action.argv)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("sys.exit('boom')", "boom"),
        ("", "can't read"),
        (writes(SPDX), "something else than cyclonedx"),
        (writes([]), "is no report"),
        ("pathlib.Path(flags['--output']).write_text('{')", "is broken"),
    ],
)
def test_a_conversion_that_fails_costs_the_sarif_nothing(sboms: Sboms, does: str, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        sboms.step(does, "cyclonedx").run(sboms.state)
    assert "sarif" in sboms.saved[-1].image("backend").reports
    assert sboms.files == []
    assert not (sboms.root / ".ci-toolkit/sbom").exists()


def test_a_job_that_was_not_handed_the_scans_report_says_so(sboms: Sboms) -> None:
    image = sboms.state.image("backend")
    without = {kind: file for kind, file in image.reports.items() if kind != "trivy linux/arm64"}
    with pytest.raises(UsageError, match="trivy on backend linux/arm64 isn't there"):
        sboms.step(writes(SPDX), "spdx").run(sboms.state.with_image("backend", reports=without))


def test_a_new_scan_forgets_what_was_made_of_the_one_before(sboms: Sboms) -> None:
    made = sboms.step(writes(SPDX), "spdx").run(sboms.state)
    assert "spdx linux/amd64" in made.image("backend").reports
    sboms.scans.state = made
    reports = sboms.scans.scan().image("backend").reports
    assert set(reports) == {"findings", "attestation", "trivy linux/amd64", "trivy linux/arm64"}


def test_of_a_platform_that_is_gone_no_report_is_left_and_all_else_is(sboms: Sboms) -> None:
    sboms.step(writes(SPDX), "spdx").run(sboms.state)
    sboms.scans.add("web", {name: [DEBIAN_12] for name in ("linux/amd64", "linux/arm64")})
    sboms.scans.scan()
    reports = sboms.root / ".ci-toolkit/reports"
    assert (reports / "backend/spdx-linux-arm64.json").exists()
    (reports / "web/spdx-linux-arm64.json").write_text("{}")
    for name in ("cyclonedx-linux-arm64.json", "trivy-linux-arm-v7.json", "trivy-notes.json", "trivy-linux-arm64.txt"):
        (reports / "backend" / name).write_text("mine")
    web = {file: file.read_bytes() for file in (reports / "web").iterdir()}
    sboms.scans.add("backend", {"linux/amd64": [DEBIAN_12]})
    sboms.scans.images = sboms.scans.images[-1:]
    kept = sboms.scans.scan().image("backend").reports
    assert set(kept) == {"findings", "attestation", "trivy linux/amd64"}
    assert sorted(file.name for file in (reports / "backend").iterdir()) == [
        "attestation.json",
        "findings.json",
        "spdx.json",
        "trivy-linux-amd64.json",
        "trivy-linux-arm64.txt",
        "trivy-notes.json",
        "trivy.sarif",
    ]
    assert {file: file.read_bytes() for file in (reports / "web").iterdir()} == web


def test_without_a_trivy_it_is_said_what_was_tried(tmp_path: Path) -> None:
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\necho no such image >&2\nexit 125\n")
    docker.chmod(0o755)
    report = tmp_path / "report.json"
    report.write_text("{}")
    runner = SystemRunner({"PATH": f"{docker.parent}:/usr/bin:/bin"}, Redactor())
    maker = TrivySboms(runner, image="mirror/trivy:1", timeout=20, progress=Silent())
    with pytest.raises(ToolError, match="no such image") as caught:
        maker.make("cyclonedx", report, name="backend", private=tmp_path / "private")
    assert "no `trivy` on PATH, so mirror/trivy:1 was tried" in caught.value.hint
    argv = maker.argv("spdx", tmp_path / "private")
    assert argv[:4] == ("docker", "run", "--rm", "--network=none")
