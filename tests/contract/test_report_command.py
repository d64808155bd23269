"""`ci-toolkit report`: any report again, of a state, of findings alone, with a config and without one."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit import state as states
from ci_toolkit.config.load import load
from ci_toolkit.report.findings_file import write_findings
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.gitlab_reports import read_quality, read_scanning
from tests.harness.html_reports import COPYLEFT, KEY, ROOT_USER
from tests.harness.project import git
from tests.harness.schemas import validator

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

CONFIG = """\
version: 1
images:
  api: { repositories: ["oci:out/api"] }
  web: { repositories: ["oci:out/web"] }
  new: { repositories: ["oci:out/new"] }
scan:
  gate: { severity: high, fixable-only: true }
  ignore:
    - { id: CVE-2019-11324, reason: not reachable, owner: shop, expires: 2026-12-24 }
"""
EVERYTHING = (URLLIB3, ZLIB, KEY, ROOT_USER, COPYLEFT)
GITLAB = {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main"}
WHOLE = ("table", "json", "markdown", "html", "gitlab-container-scanning", "gitlab-code-quality")
"""The forms of which one document holds several images."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout of three images, two of them scanned."""
    config = tmp_path / ".ci-toolkit.yml"
    config.write_text(CONFIG, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("# base\nFROM scratch\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all")
    loaded = load(config, {})
    source = states.Source(revision=git(tmp_path, "rev-parse", "HEAD"), images_hash=loaded.images_hash)
    state = states.State(tool_version="0", source=source)
    for name, own in (("api", EVERYTHING), ("web", (ZLIB,))):
        found = image(platform(*own), platform(ZLIB, name="linux/arm64"), image=name)
        write_findings(tmp_path / f".ci-toolkit/reports/{name}/findings.json", found)
        scan = states.Scan(
            scanner="trivy",
            version="1",
            policy_hash=loaded.policy_hash,
            scanned_at=found.scanned_at,
            digest=found.digest,
        )
        reports = {"findings": f".ci-toolkit/reports/{name}/findings.json"}
        state = state.with_image(name, digest=found.digest, scan=scan, reports=reports)
    states.write(tmp_path / ".ci-toolkit/state.json", state)
    return tmp_path


def test_what_the_run_wrote_is_made_again(root: Path, run_command: Run) -> None:
    assert run_command("sarif", "--image", "api", "--image", "web", cwd=root).returncode == 0
    before = {path: path.read_bytes() for path in root.glob(".ci-toolkit/**/*") if path.is_file()}
    for form, name in (("html", "report.html"), ("sarif", "api/trivy.sarif")):
        again = run_command("report", "--format", form, "--output", "again", cwd=root)
        assert again.returncode == 0, again.stderr
        made = root / ("again/api/trivy.sarif" if form == "sarif" else "again")
        assert made.read_bytes() == before[root / ".ci-toolkit/reports" / name]
        if form == "html":
            made.unlink()
    assert {path: path.read_bytes() for path in root.glob(".ci-toolkit/**/*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "directory"),
    [("../../up", "--..-up"), ("..", "-"), ("oci:app", "oci-app"), ("localhost:5000/a/b:1", "localhost-5000-a-b-1")],
)
def test_whatever_an_image_is_called_its_report_lies_in_the_directory_that_is_named(
    tmp_path: Path, run_command: Run, name: str, directory: str
) -> None:
    write_findings(tmp_path / "in/findings.json", image(platform(ZLIB), image=name))
    result = run_command("report", "--from", "in", "--format", "sarif", "--output", "deep/out/", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.sarif")] == [
        f"deep/out/{directory}/trivy.sarif"
    ]


@pytest.mark.parametrize("form", WHOLE)
def test_several_images_go_into_one_document(root: Path, run_command: Run, form: str) -> None:
    result = run_command("report", "--format", form, cwd=root, env=GITLAB if "gitlab" in form else {})
    assert (result.returncode, result.stderr) == (0, "")
    for name in ("api", "web"):
        assert name in result.stdout
    assert KEY.id in result.stdout.replace("\\", "") or form == "gitlab-container-scanning"


def test_what_comes_to_several_documents_wants_a_directory(root: Path, run_command: Run) -> None:
    refused = run_command("report", "--format", "sarif", cwd=root)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "these are 2 reports: api/trivy.sarif, web/trivy.sarif" in refused.stderr
    one = run_command("report", "--format", "sarif", "--image", "web", cwd=root)
    assert one.returncode == 0
    assert json.loads(one.stdout)["runs"][0]["properties"]["image"] == "web"


def test_a_trailing_slash_means_a_directory(root: Path, run_command: Run) -> None:
    made = run_command("report", "--format", "html", "--output", "new/dir/", cwd=root)
    assert (made.returncode, made.stderr) == (0, "wrote new/dir/report.html\n")
    assert (root / "new/dir/report.html").read_bytes().startswith(b"<!doctype html>")
    refused = run_command("report", "--output", "Dockerfile/", cwd=root)
    assert (refused.returncode, "can't write Dockerfile/findings.txt" in refused.stderr) == (3, True)


def test_an_image_that_is_not_the_configs_has_no_line_in_its_dockerfile(root: Path, run_command: Run) -> None:
    findings = root / ".ci-toolkit/reports/api/findings.json"
    (root / "other").mkdir()
    text = findings.read_text(encoding="utf-8").replace('"image": "api"', '"image": "oci:other"')
    (root / "other/findings.json").write_text(text, encoding="utf-8")

    def report(form: str) -> str:
        made = run_command("report", "--from", "other", "--format", form, cwd=root)
        assert made.returncode == 0, made.stderr
        return made.stdout

    results = json.loads(report("sarif"))["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"] for result in results]
    assert {(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places} == {
        ("oci%3Aother", 1)
    }
    entries = read_quality(report("gitlab-code-quality").encode())
    assert {(e["location"]["path"], e["location"]["lines"]["begin"]) for e in entries} == {("oci:other", 1)}
    for form in ("html", "markdown", "table", "json"):
        assert "Dockerfile:" not in report(form)


def test_json_is_what_its_schema_says_with_every_reason(root: Path, run_command: Run) -> None:
    document = json.loads(run_command("report", "--format", "json", cwd=root).stdout)
    assert list(validator("report").iter_errors(document)) == []
    assert (document["api"]["verdict"], document["web"]["verdict"]) == ("fail", "pass")
    [ignored] = document["api"]["ignored_findings"]
    assert (ignored["id"], ignored["reason"], ignored["owner"]) == (URLLIB3.id, "not reachable", "shop")


def test_findings_alone_are_enough(root: Path, run_command: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for place in ("reports", "reports/api", "reports/api/findings.json", "state.json", "."):
        result = run_command("report", "--from", str(root / ".ci-toolkit" / place), "--image", "api", cwd=elsewhere)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith("api sha256:")
        assert "the verdicts are by the default policy" in result.stderr
    quiet = run_command("report", "-q", "--from", str(root / ".ci-toolkit/reports"), "--format", "html", cwd=elsewhere)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert list(elsewhere.iterdir()) == []


def test_findings_in_a_package_that_is_called_like_a_state_s_images_are_no_state(
    run_command: Run, tmp_path: Path
) -> None:
    write_findings(tmp_path / "f.json", image(platform(replace(ZLIB, package="images")), image="api"))
    result = run_command("report", "--from", "f.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("api sha256:")


def test_gitlab_s_own_readers_take_them(root: Path, run_command: Run) -> None:
    scanning = run_command("report", "--format", "gitlab-container-scanning", cwd=root, env=GITLAB)
    document = read_scanning(scanning.stdout.encode())
    assert {each["identifiers"][0]["value"] for each in document["vulnerabilities"]} == {ZLIB.id}
    [message] = document["scan"]["messages"]
    assert message["value"].startswith(
        "CVE-2019-11324 in urllib3 1.24.1 of image api is ignored until 2026-12-24 by shop"
    )
    quality = run_command("report", "--format", "gitlab-code-quality", cwd=root, env=GITLAB)
    entries = read_quality(quality.stdout.encode())
    assert {entry["location"]["lines"]["begin"] for entry in entries} == {2}
    assert [e["check_name"] for e in entries if "ignored until" in e["description"]] == [URLLIB3.id]
    assert {f"secret: {KEY.id}", f"misconfiguration: {ROOT_USER.id}"} <= {entry["check_name"] for entry in entries}


def test_on_a_terminal_the_table_has_its_width_and_colours(root: Path) -> None:
    ours, theirs = pty.openpty()
    executable = Path(sys.executable).parent / "ci-toolkit"
    subprocess.run([executable, "report"], cwd=root, env={**os.environ, "COLUMNS": "80"}, stdout=theirs, check=True)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as terminal:
        heading = next(line for line in terminal if "installed" in line)
    assert len(re.sub(r"\x1b\[[0-9;]*m", "", heading).rstrip()) <= 80
    assert "\x1b[2mseverity" in heading


def test_without_a_state_the_reports_of_named_targets_are_taken(root: Path, run_command: Run) -> None:
    (root / ".ci-toolkit/state.json").unlink()
    result = run_command("report", cwd=root)
    assert result.returncode == 0, result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines() if " sha256:" in line] == ["api", "web"]


def test_a_changed_policy_is_told(root: Path, run_command: Run) -> None:
    config = root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace("severity: high", "severity: low"), encoding="utf-8")
    result = run_command("report", "--image", "api", cwd=root)
    assert "api was judged by another policy than the config's" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--format", "cyclonedx", "--image", "api"], 2, "the report of trivy on api linux/amd64 isn't there"),
        (["--image", "new"], 2, "there are no findings of new"),
        (["--from", "nowhere"], 2, "no findings at nowhere"),
        (["--from", "empty"], 2, "there is neither a state nor a findings file in empty"),
        (["--from", "Dockerfile"], 5, "Dockerfile is no findings file"),
        (["--format", "pdf"], 2, "pdf"),
        (["--output", "Dockerfile/x"], 3, "can't write Dockerfile/x"),
    ],
)
def test_what_can_t_be_made_is_said(root: Path, run_command: Run, arguments: list[str], code: int, word: str) -> None:
    (root / "empty").mkdir()
    result = run_command("report", *arguments, cwd=root)
    assert (result.returncode, result.stdout) == (code, "")
    assert word in result.stderr
    assert "next:" in result.stderr or "Usage" in result.stderr or "Error" in result.stderr


def test_a_state_that_speaks_of_other_findings_is_refused(root: Path, run_command: Run) -> None:
    file = root / ".ci-toolkit/reports/web/findings.json"
    file.write_text(file.read_text().replace('"image": "web"', '"image": "api"'), encoding="utf-8")
    result = run_command("report", cwd=root)
    assert result.returncode == 5
    assert "the findings are of api" in result.stderr


def test_without_findings_and_config_init_is_named(tmp_path: Path, run_command: Run) -> None:
    result = run_command("report", cwd=tmp_path)
    assert result.returncode == 2
    assert "no .ci-toolkit.yml in" in result.stderr
    assert ", and no findings in .ci-toolkit\nnext: run `ci-toolkit scan TARGET` first, or" in result.stderr
    assert "name findings with `--from`; `ci-toolkit init` writes a config" in result.stderr


@pytest.mark.parametrize("workdir", [".ci-toolkit", "other/place"])
def test_without_a_config_what_scans_left_in_the_workdir_is_taken(
    tmp_path: Path, run_command: Run, workdir: str
) -> None:
    given = [] if workdir == ".ci-toolkit" else ["--workdir", workdir]
    for name in ("api", "web"):
        write_findings(tmp_path / workdir / f"reports/{name}/findings.json", image(platform(ZLIB), image=name))
        result = run_command("report", *given, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert f"the verdicts are by the default policy, on the findings in {workdir}" in result.stderr
        assert f"{name} sha256:" in result.stdout
    several = run_command("report", *given, "--format", "sarif", cwd=tmp_path)
    assert (several.returncode, "these are 2 reports: api/trivy.sarif, web/trivy.sarif" in several.stderr) == (2, True)
    one = run_command("report", *given, "--format", "sarif", "--image", "web", cwd=tmp_path)
    assert (one.returncode, json.loads(one.stdout)["runs"][0]["properties"]["image"]) == (0, "web")


def test_a_config_that_is_named_has_to_be_there(tmp_path: Path, run_command: Run) -> None:
    write_findings(tmp_path / ".ci-toolkit/reports/api/findings.json", image(platform(ZLIB), image="api"))
    result = run_command("report", "-c", "other.yml", cwd=tmp_path)
    assert (result.returncode, "can't read the config other.yml" in result.stderr) == (2, True), result.stderr
