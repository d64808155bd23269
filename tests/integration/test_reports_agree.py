"""The reports of one real scan, held against each other, against Trivy's own, and against those of a rebuild."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft7Validator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from ci_toolkit.model.findings import CATEGORIES
from ci_toolkit.report.findings_file import read_findings
from tests.harness.gitlab_reports import read_quality, read_scanning
from tests.harness.project import Project, make_project
from tests.harness.schemas import validator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stack

    Run = Callable[..., subprocess.CompletedProcess[str]]

JOB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_COMMIT_BRANCH": "main",
    "CI_DEFAULT_BRANCH": "main",
    "CI_PIPELINE_SOURCE": "push",
}
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN")
LICENCE = "Metadata-Version: 2.1\nName: copyleft\nVersion: 1.0\nLicense: AGPL-3.0-only\n"
KEY = "AKIA" + "QWERTYUIOPASDFGH"


@pytest.fixture(scope="module")
def flawed(
    tmp_path_factory: pytest.TempPathFactory, stack: Stack, packages: dict[str, Path], run_command: Run
) -> Project:
    """The example with something of every kind in it, built and scanned."""
    repository = f"{stack.registry}/test/hello-{uuid.uuid4().hex[:12]}"
    project = make_project(tmp_path_factory.mktemp("flawed") / "hello", repository, stack.database)
    project.vendor(packages["vulnerable"])
    own = project.root / "site-packages"
    with (project.root / "Dockerfile").open("a") as dockerfile:
        dockerfile.write(f"ENV AWS_ACCESS_KEY_ID={KEY}\n")
    (own / "copyleft-1.0.dist-info").mkdir()
    (own / "copyleft-1.0.dist-info/METADATA").write_text(LICENCE)
    config = project.root / ".ci-toolkit.yml"
    kinds = "scan:\n  look-for: [vulnerability, secret, misconfiguration, license]\n  sbom: [cyclonedx, spdx]\n"
    config.write_text(re.sub(r"^scan:\n", kinds, config.read_text(), flags=re.MULTILINE))
    project.commit("flaws")
    build_and_scan(project, run_command)
    return project


def build_and_scan(project: Project, run: Run) -> None:
    result = run("run", "--steps", "build,tag,scan,sarif", cwd=project.root, env=JOB)
    assert result.returncode == 1, result.stderr


def reports_of(project: Project) -> Path:
    return project.root / ".ci-toolkit/reports"


def test_every_report_can_be_made_again_byte_for_byte(flawed: Project, run_command: Run, tmp_path: Path) -> None:
    reports = reports_of(flawed)
    made = {
        "sarif": "hello/trivy.sarif",
        "html": "report.html",
        "gitlab-container-scanning": "gl-container-scanning-report.json",
        "gitlab-code-quality": "gl-code-quality-report.json",
    }
    again = tmp_path / "again"
    for form, name in made.items():
        result = run_command("report", "--format", form, "--output", str(again), cwd=flawed.root, env=JOB)
        assert result.returncode == 0, result.stderr
        assert again.read_bytes() == (reports / name).read_bytes(), form
    printed = {}
    for form in ("table", "json"):
        scan = run_command("scan", "--output", form, cwd=flawed.root, env=JOB)
        report = run_command("report", "--format", form, cwd=flawed.root, env=JOB)
        assert (report.stdout, report.returncode) == (scan.stdout, 0)
        printed[form] = report.stdout
    assert list(validator("report").iter_errors(json.loads(printed["json"]))) == []
    result = run_command("report", "--format", "spdx", "--output", str(tmp_path / "sboms"), cwd=flawed.root, env=JOB)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in (tmp_path / "sboms/hello").iterdir()) == ["spdx-linux-arm64.json", "spdx.json"]


def test_trivy_counts_the_same_in_each_of_its_forms(flawed: Project, run_command: Run, stack: Stack) -> None:
    reports = reports_of(flawed) / "hello"
    found = read_findings(reports / "findings.json")
    for platform in found.platforms:
        assert {finding.category for finding in platform.findings} == set(CATEGORIES)
        ours = Counter(str(finding.severity).upper() for finding in platform.findings)
        kept = reports / f"trivy-{platform.platform.replace('/', '-')}.json"
        assert _of_json(_converted(stack, kept, "json")) == ours
        assert _of_sarif(_converted(stack, kept, "sarif")) == ours
        assert _of_table(_converted(stack, kept, "table")) == ours
    runs = json.loads((reports / "trivy.sarif").read_text())["runs"]
    for run, platform in zip(runs, found.platforms, strict=True):
        assert len(run["results"]) == len(platform.findings)
    counts = json.loads(run_command("report", "--format", "json", cwd=flawed.root).stdout)["hello"]["counts"]
    distinct = {finding.key: finding for platform in found.platforms for finding in platform.findings}
    assert sum(counts.values()) == len(distinct)
    quality = read_quality((reports / "gl-code-quality-report.json").read_bytes())
    assert len(quality) == len(distinct)
    scanning = read_scanning((reports / "gl-container-scanning-report.json").read_bytes())["vulnerabilities"]
    assert len(scanning) == sum(finding.category == "vulnerability" for finding in distinct.values())


def test_others_take_the_bills_of_materials(flawed: Project) -> None:
    reports = reports_of(flawed) / "hello"
    formats = Draft7Validator.FORMAT_CHECKER.checkers
    formats["iri-reference"] = formats["uri-reference"]  # ours are in ASCII; jsonschema has no quick check of others
    for name in ("cyclonedx.json", "cyclonedx-linux-arm64.json"):
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str((reports / name).read_text()) is None
    for name in ("spdx.json", "spdx-linux-arm64.json"):
        assert validate_full_spdx_document(parse_file(str(reports / name))) == []


def test_the_same_source_built_again_is_known_again(flawed: Project, run_command: Run, tmp_path: Path) -> None:
    shutil.copytree(flawed.root, tmp_path / "again", symlinks=True)
    again = Project(tmp_path / "again", flawed.repository)
    (again.root / "site-packages/note.txt").write_text("another layer")
    again.commit("another image")
    build_and_scan(again, run_command)
    before = _ids(reports_of(flawed))
    assert again.image["digest"] != flawed.image["digest"]
    assert all(before.values())
    assert _ids(reports_of(again)) == before


def _ids(reports: Path) -> dict[str, list[str]]:
    runs = json.loads((reports / "hello/trivy.sarif").read_text())["runs"]
    scanning = read_scanning((reports / "gl-container-scanning-report.json").read_bytes())
    return {
        "sarif": [r["partialFingerprints"]["primaryLocationLineHash"] for run in runs for r in run["results"]],
        "rules": [rule["id"] for run in runs for rule in run["tool"]["driver"]["rules"]],
        "categories": [run["automationDetails"]["id"] for run in runs],
        "gitlab": [vulnerability["id"] for vulnerability in scanning["vulnerabilities"]],
        "quality": [e["fingerprint"] for e in read_quality((reports / "gl-code-quality-report.json").read_bytes())],
    }


def _converted(stack: Stack, report: Path, form: str) -> str:
    result = subprocess.run(
        [stack.trivy, "convert", "--quiet", "--format", form, report], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def _of_json(text: str) -> Counter[str]:
    results: list[dict[str, Any]] = json.loads(text)["Results"]
    lists = ("Vulnerabilities", "Secrets", "Misconfigurations", "Licenses")
    items = [item for result in results for name in lists for item in result.get(name) or ()]
    return Counter(item["Severity"] for item in items if item.get("Status") != "PASS")


def _of_sarif(text: str) -> Counter[str]:
    [run] = json.loads(text)["runs"]
    rules = {rule["id"]: rule["properties"]["tags"] for rule in run["tool"]["driver"]["rules"]}
    return Counter(next(tag for tag in rules[result["ruleId"]] if tag in SEVERITIES) for result in run["results"])


def _of_table(text: str) -> Counter[str]:
    totals = re.findall(r"^(?:Total|Failures): \d+ \(([^)]*)\)$", text, re.MULTILINE)
    counts: Counter[str] = Counter()
    for total in totals:
        counts.update({name: int(number) for name, number in re.findall(r"(\w+): (\d+)", total)})
    return +counts
