"""`ci-toolkit diff`: what two scans found, as text, as JSON by its schema, as Markdown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Severity
from ci_toolkit.report.findings_file import write_findings
from tests.harness.findings import URLLIB3, ZLIB, image, platform, without_code
from tests.harness.html_reports import COPYLEFT, KEY, ROOT_USER
from tests.harness.schemas import validator

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

UPGRADED = replace(
    URLLIB3,
    installed="1.24.9",
    purl="pkg:pypi/urllib3@1.24.9",
    path="app/urllib3-1.24.9.dist-info/METADATA",
    layer="sha256:" + "2" * 64,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An old scan and a new one."""
    old = image(platform(URLLIB3, ZLIB, COPYLEFT), platform(ZLIB, ROOT_USER, name="linux/arm64"))
    fixed = replace(ZLIB, fixed="1:1.3", status="fixed", severity=Severity.HIGH)
    new = image(platform(UPGRADED, fixed, KEY), platform(fixed, name="linux/arm64"), digest=Digest.of(b"new"))
    write_findings(tmp_path / "old/findings.json", old)
    write_findings(tmp_path / "new/findings.json", new)
    return tmp_path


def test_new_gone_changed_and_a_count_of_the_rest(root: Path, run_command: Run) -> None:
    result = run_command("diff", "old", "new/findings.json", cwd=root)
    assert (result.returncode, result.stderr) == (0, "")
    head, *lines = result.stdout.splitlines()
    assert head == "backend: 1 new, 2 gone, 1 changed, 1 unchanged"
    assert [line.split()[:3] for line in lines] == [
        ["+", "high", KEY.id],
        ["~", "high", ZLIB.id],
        ["-", "medium", ROOT_USER.id],
        ["-", "low", COPYLEFT.id],
    ]
    assert lines[1].endswith("was critical, was will_not_fix")


def test_json_is_what_its_schema_says(root: Path, run_command: Run) -> None:
    document = json.loads(run_command("diff", "old", "new", "--format", "json", cwd=root).stdout)
    assert list(validator("diff").iter_errors(document)) == []
    [backend] = document["images"].values()
    assert [finding["id"] for finding in backend["appeared"]] == [KEY.id]
    assert (backend["changed"][0]["before"]["severity"], backend["unchanged"]) == ("critical", 1)


def test_a_scan_and_itself_differ_in_nothing(root: Path, run_command: Run) -> None:
    result = run_command("diff", "new", "new", cwd=root)
    assert result.stdout == "backend: 0 new, 0 gone, 0 changed, 3 unchanged\n"


def test_images_are_compared_by_name(root: Path, run_command: Run) -> None:
    write_findings(root / "new/reports/web/findings.json", image(platform(ZLIB), image="web"))
    text = run_command("diff", "old", "new", cwd=root).stdout
    assert "web: 1 new, 0 gone, 0 changed, 0 unchanged" in text
    document = json.loads(run_command("diff", "old", "new", "--format", "json", cwd=root).stdout)
    assert list(validator("diff").iter_errors(document)) == []
    assert document["images"]["web"]["old"] is None


def test_images_of_two_names_are_named_both(root: Path, run_command: Run) -> None:
    write_findings(root / "web.json", image(platform(ZLIB), image="web"))
    for form, head in (("text", "backend → web: "), ("markdown", "### backend → web: ")):
        said = run_command("diff", "old", "web.json", "--format", form, cwd=root).stdout
        assert said.startswith(f"{head}0 new, 3 gone, 0 changed, 1 unchanged")


def test_nothing_acts_in_any_form(root: Path, run_command: Run) -> None:
    hostile = "\x1b[31m::error::x\n::add-mask::y ##[group] <img src=x onerror=alert(1)> [a](javascript:b) | c"
    write_findings(root / "bad.json", image(platform(replace(URLLIB3, id=hostile, package=hostile, title=hostile))))
    for form in ("text", "json", "markdown"):
        said = run_command("diff", "old", "bad.json", "--format", form, cwd=root).stdout
        assert "\x1b" not in said
        assert "##[" not in said
        assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]
        if form == "markdown":
            assert "<img" not in without_code(said)


OTHERS = {
    "a SARIF report": {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": []},
    "a CycloneDX bill of materials": {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1},
    "an SPDX bill of materials": {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT"},
    "Trivy's own JSON report": {"SchemaVersion": 2, "ArtifactName": "app", "Results": []},
    "an attestation": {"_type": "https://in-toto.io/Statement/v1", "predicateType": "x", "subject": []},
    "a GitLab security report": {"version": "15.2.1", "scan": {}, "vulnerabilities": []},
    "a GitLab code quality report": [{"check_name": "x", "fingerprint": "y"}],
    "what `ci-toolkit scan --output json` prints": {"app": {"version": 1, "verdict": "pass", "platforms": []}},
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_report_is_called_by_its_name_and_the_findings_by_their_place(
    root: Path, run_command: Run, kind: str
) -> None:
    for place, next_step in (
        ("old/other.json", "give the findings that lie beside it: old/findings.json"),
        ("other.json", "give what `ci-toolkit scan` writes below its workdir: .ci-toolkit/reports/NAME/findings.json"),
    ):
        (root / place).write_text(json.dumps(OTHERS[kind]), encoding="utf-8")
        for order in ((place, "new"), ("new", place)):
            done = run_command("diff", *order, cwd=root)
            assert (done.returncode, done.stdout) == (5, "")
            assert done.stderr == f"error: {place} is no findings file, it looks like {kind}\nnext: {next_step}\n"


def test_a_comparison_is_no_scan(root: Path, run_command: Run) -> None:
    printed = run_command("diff", "old", "new", "--format", "json", cwd=root).stdout
    (root / "diff.json").write_text(printed, encoding="utf-8")
    done = run_command("diff", "old", "diff.json", cwd=root)
    assert done.returncode == 5
    assert "diff.json is no state file, it looks like what `ci-toolkit diff --format json` prints" in done.stderr
    assert "name a state file that ci-toolkit wrote" in done.stderr


@pytest.mark.parametrize("text", ["[]", "{}", "[1]", '{"a": {}}', '{"@context": 1}', '"x"', "null"])
def test_what_nobody_knows_gets_no_name(root: Path, run_command: Run, text: str) -> None:
    (root / "other.json").write_text(text, encoding="utf-8")
    done = run_command("diff", "old", "other.json", cwd=root)
    assert (done.returncode, "is no valid findings file" in done.stderr) == (5, True), done.stderr
