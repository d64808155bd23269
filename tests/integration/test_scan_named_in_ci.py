"""What `scan TARGET` hands to a CI system, and what of the config's baseline counts for a target."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.harness.github_runner import read_log, read_values
from tests.harness.named_scans import FINE, VULNERABLE, Places

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stack

    Command = Callable[..., subprocess.CompletedProcess[str]]

BAD = {"linux/amd64": VULNERABLE}
TAG = "  baseline: {tag: production}\n"


@pytest.fixture
def places(tmp_path: Path, stack: Stack) -> Places:
    return Places(tmp_path, stack.registry, stack.database)


def test_github_gets_annotations_a_summary_and_outputs(places: Places, run_command: Command) -> None:
    places.config()
    _, bad = places.layout("bad", BAD)
    places.layout("fine", {"linux/amd64": FINE})
    summary, outputs = places.root / "summary", places.root / "outputs"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)}
    result = run_command("scan", "oci:bad", "oci:fine", cwd=places.root, env=env)
    assert result.returncode == 1
    log = read_log(result.stderr)
    assert [title for title, _ in log.groups] == ["scan"]
    finding, end = log.annotations("error")
    assert finding.properties == {"title": "CVE-2019-10906 in jinja2"}
    assert "in oci:bad (linux/amd64)" in finding.data
    assert end.data.startswith("the gate refuses oci:bad: 1 blocking")
    page = summary.read_text(encoding="utf-8")
    assert page.startswith("## ⛔ Refused by the gate: oci\\:bad\n")
    assert "### oci\\:fine" in page
    said = read_values(outputs)
    assert (said["verdict"], said["state"], json.loads(said["digests"])["oci:bad"]) == ("fail", "", str(bad.digest))


def test_a_target_that_cannot_be_opened_is_told_on_githubs_page(places: Places, run_command: Command) -> None:
    places.config()
    summary = places.root / "summary"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    result = run_command("scan", "oci:nowhere", cwd=places.root, env=env)
    assert result.returncode == 2
    page = summary.read_text(encoding="utf-8")
    assert page.startswith("## ❌ Scan failed")
    assert "there is no OCI image layout in nowhere" in page


def test_gitlab_gets_a_section_and_keeps_the_variables_of_what_is_delivered(
    places: Places, run_command: Command
) -> None:
    places.config()
    places.layout("bad", BAD)
    kept = places.root / ".ci-toolkit" / "gitlab.env"
    kept.parent.mkdir()
    kept.write_text("IMAGE_NAME=app\n", encoding="utf-8")
    result = run_command("scan", "oci:bad", cwd=places.root, env={"GITLAB_CI": "true"})
    assert result.returncode == 1
    assert result.stderr.count("section_start:") == result.stderr.count("section_end:") == 1
    assert ":ci_toolkit_scan_" in result.stderr
    assert kept.read_text(encoding="utf-8") == "IMAGE_NAME=app\n"


def test_a_target_of_no_image_is_judged_as_a_whole_and_told_so(places: Places, run_command: Command) -> None:
    repository = places.config(TAG)
    places.pushed(repository, "production", BAD)
    places.layout("bad", BAD)
    for arguments, code in ((["--dry-run"], 0), ([], 1)):
        result = run_command("scan", "oci:bad", *arguments, cwd=places.root)
        assert result.returncode == code
        assert "`scan.baseline` isn't used, everything that is found counts" in result.stdout + result.stderr
        assert "find out what is deployed" not in result.stdout


def test_a_target_that_is_the_configs_image_is_held_against_what_is_deployed(
    places: Places, run_command: Command
) -> None:
    repository = places.config(TAG)
    places.pushed(repository, "production", BAD)
    places.layout("rebuilt", {"linux/amd64": [*VULNERABLE, {"etc/motd": "built again\n"}]})
    planned = run_command("scan", "oci:rebuilt", "--image", "app", "--dry-run", cwd=places.root)
    assert f"find out what is deployed: {repository}:production" in planned.stdout
    result = run_command("scan", "oci:rebuilt", "--image", "app", cwd=places.root)
    assert result.returncode == 0, result.stderr
    assert "1 finding that would block is deployed already" in result.stderr
    assert "isn't used" not in result.stderr
    assert "is what is deployed" not in result.stderr
    report = ("report", "--from", ".ci-toolkit/reports/app", "--format", "json")
    again = json.loads(run_command(*report, cwd=places.root).stdout)["app"]
    assert (again["verdict"], again["blocking"]) == ("pass", [])
    places.config()
    assert run_command("scan", "oci:rebuilt", "--image", "app", cwd=places.root).returncode == 1
    assert not (places.root / ".ci-toolkit/reports/app/baseline.json").exists()


def test_an_entry_for_another_image_is_not_asked_about(places: Places, run_command: Command) -> None:
    places.config("  ignore: [{id: CVE-2020-1747, package: pyyaml, reason: a, owner: b, expires: 2027-01-31}]\n")
    places.layout("fine", {"linux/amd64": FINE})
    assert "still needed" not in run_command("scan", "oci:fine", cwd=places.root).stderr
    assert "still needed" in run_command("scan", "oci:fine", "--image", "app", cwd=places.root).stderr


def test_what_is_deployed_held_against_itself_is_warned_of(places: Places, run_command: Command) -> None:
    repository = places.config(TAG)
    places.pushed(repository, "production", BAD)
    result = run_command("scan", f"{repository}:production", "--image", "app", cwd=places.root)
    assert result.returncode == 0, result.stderr
    assert "warning: app is what is deployed, so nothing in it is new" in result.stderr
