"""Triage by the real command on what the real Trivy finds: add, scan again, list, prune."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.findings import CATEGORIES
from ci_toolkit.model.triage_entry import entry_for
from ci_toolkit.report.findings_file import read_findings
from tests.harness.images import pip_package
from tests.harness.project import git
from tests.harness.proposal import Proposal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack

VULNERABLE = "1.24.1"
STRICT = "gate: {severity: low, unknown: fail}\nlook-for: [vulnerability, secret, misconfiguration, license]"
SECRET = "AWS_ACCESS_KEY_ID=AKIA0123456789ABCDEF\n"
STALE = "# Gone since the last upgrade.\n- {id: CVE-2000-1, reason: old, owner: shop, expires: 2026-01-31}\n"


@pytest.fixture
def project(stack: Stack, tmp_path: Path) -> Proposal:
    """A project whose image the gate refuses."""
    repository = f"{stack.registry}/test/triage-{uuid.uuid4().hex[:12]}"
    made = Proposal(tmp_path / "project", repository, stack.database, VULNERABLE)
    made.configure(scan="gate: {severity: high}")
    made.commit()
    return made


def scanned(project: Proposal) -> str:
    """Build and scan; what was said."""
    done = project.run("run", "--steps", "build,tag,scan")
    assert done.returncode in (0, 1), done.stderr
    return done.stderr


def today() -> date:
    return datetime.now(UTC).date()


def test_every_blocking_finding_can_be_triaged_by_its_ready_entry(project: Proposal) -> None:
    (project.project / "app/settings.env").write_text(SECRET)
    for path, text in pip_package("copyleft", "1.0", where=".").items():
        file = project.project / "app" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text.rstrip()}\nLicense: GPL-3.0-only\n")
    project.configure(scan=STRICT)
    scanned(project)
    assert project.image["verdict"] == "fail"
    found = read_findings(project.project / project.image["reports"]["findings"])
    findings = {f.key: f for platform in found.platforms for f in platform.findings}
    assert {f.category for f in findings.values()} == set(CATEGORIES)
    entries = "".join(dict.fromkeys(entry_for(finding, "app", today()) for finding in findings.values()))
    file = project.project / ".ci-toolkit/ignore.yml"
    file.write_text(entries)
    unanswered = project.run("triage", "list")
    assert (unanswered.returncode, "[0].reason" in unanswered.stderr) == (2, True)
    file.write_text(entries.replace('reason: ""', "reason: a test").replace('owner: ""', "owner: me"))
    said = scanned(project)
    assert project.image["verdict"] == "pass", said
    assert project.image["ignored"] == len(findings)
    assert "matched nothing" not in said


def test_from_a_refusal_to_a_tidy_file(project: Proposal) -> None:
    scanned(project)
    blocking = sorted({line.split()[0] for line in project.image["blocking"]})
    assert blocking
    file = project.project / ".ci-toolkit/ignore.yml"
    file.write_text(f"# Ours.\n\n{STALE}")
    for identifier in blocking:
        done = project.run(
            "triage", "add", identifier, "--package", "urllib3", "--reason", "no proxy", "--owner", "shop"
        )
        assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    unknown = project.run("triage", "add", "CVE-1999-1", "--reason", "typo", "--owner", "shop")
    assert "nothing in the last scan is CVE-1999-1" in unknown.stderr
    said = scanned(project)
    assert project.image["verdict"] == "pass"
    assert "the entry for CVE-1999-1 matched nothing" in said
    listed = json.loads(project.run("triage", "list", "--format", "json").stdout)["entries"]
    standing = {entry["id"]: (entry["standing"], entry["place"].partition(":")[0]) for entry in listed}
    assert standing == {
        **dict.fromkeys(blocking, ("has a fix", ".ci-toolkit/ignore.yml")),
        "CVE-1999-1": ("matches nothing", ".ci-toolkit/ignore.yml"),
        "CVE-2000-1": ("matches nothing", ".ci-toolkit/ignore.yml"),
    }
    before = file.read_text()
    dry = project.run("triage", "prune", "--dry-run")
    assert "would be removed from .ci-toolkit/ignore.yml: CVE-1999-1, which matches nothing" in dry.stdout
    assert file.read_text() == before
    project.run("triage", "prune")
    assert file.read_text() == before.replace(STALE, "").partition("- id: CVE-1999-1")[0]
    assert project.run("triage", "prune").stdout == "nothing to remove\n"


def test_an_expired_entry_counts_no_more(project: Proposal) -> None:
    entry = "- {id: CVE-2019-11324, reason: no proxy, owner: shop, created: 2026-01-01, expires: 2026-01-31}\n"
    (project.project / ".ci-toolkit").mkdir()
    (project.project / ".ci-toolkit/ignore.yml").write_text(entry)
    said = scanned(project)
    assert "the entry for CVE-2019-11324 expired on 2026-01-31 and counts no more (owner: shop)" in said
    assert any(line.startswith("CVE-2019-11324") for line in project.image["blocking"])


def test_git_takes_the_default_file_in_and_nothing_else_of_the_workdir(project: Proposal) -> None:
    project.run("triage", "add", "CVE-2019-11324", "--reason", "no proxy", "--owner", "shop")
    scanned(project)
    git(project.project, "add", "-A")
    assert git(project.project, "ls-files", ".ci-toolkit") == ".ci-toolkit/ignore.yml"
    (project.project / ".gitignore").write_text(".ci-toolkit/\n")
    git(project.project, "rm", "-q", "--cached", ".ci-toolkit/ignore.yml")
    ignored = project.run("triage", "add", "CVE-2020-26137", "--reason", "no proxy", "--owner", "shop")
    assert "git ignores .ci-toolkit/ignore.yml" in ignored.stderr
    (project.project / ".gitignore").write_text(".ci-toolkit/*\n!.ci-toolkit/ignore.yml\n")
    heeded = project.run("triage", "add", "CVE-2021-33503", "--reason", "no proxy", "--owner", "shop")
    assert (heeded.returncode, "git ignores" in heeded.stderr) == (0, False)
