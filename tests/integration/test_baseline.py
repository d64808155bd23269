"""`scan.baseline`: what is deployed already doesn't fail the gate, and what isn't there excuses nothing."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from tests.harness.images import pip_package
from tests.harness.named_scans import FINE, VULNERABLE, Places

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Command = Callable[..., subprocess.CompletedProcess[str]]

AMD64 = "linux/amd64"
WORSE = [*VULNERABLE, pip_package("urllib3", "1.24.1")]
JINJA2 = "CVE-2019-10906 jinja2 2.10 (high)"
TAG = "  baseline: {tag: production}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app}}
spec:
  template:
    spec:
      containers:
        - name: app
          image: {image}
"""
PINNED = """\
pin:
  - files: [deploy/*.yaml]
environments:
  live:
    tags: [live]
    pin: [live/*.yaml]
"""


def scan(run_command: Command, places: Places) -> subprocess.CompletedProcess[str]:
    return run_command("scan", cwd=places.root)


def deploy(places: Places, image: str, directory: str = "deploy", name: str = "app") -> None:
    (places.root / directory).mkdir(exist_ok=True)
    (places.root / directory / f"{name}.yaml").write_text(DEPLOYMENT.format(image=image), encoding="utf-8")


def test_only_what_is_new_against_the_tag_fails(places: Places, run_command: Command) -> None:
    repository = places.config(TAG)
    deployed = places.pushed(repository, "production", {AMD64: VULNERABLE})
    places.built({AMD64: VULNERABLE, "linux/arm64": WORSE})
    result = scan(run_command, places)
    assert result.returncode == 1, result.stderr
    image = places.image()
    assert image.platform_verdicts == {AMD64: "pass", "linux/arm64": "fail"}
    assert JINJA2 not in image.blocking
    assert any("urllib3" in ground for ground in image.blocking)
    assert image.scan
    assert image.scan.baseline
    assert (image.scan.baseline.name, image.scan.baseline.digest) == (f"{repository}:production", deployed.digest)
    assert (
        f"app is held against {repository}:production: 1 finding that would block is deployed already" in result.stderr
    )


def test_reports_decide_as_the_scan_did_whatever_is_deployed_later(places: Places, run_command: Command) -> None:
    repository = places.config(TAG)
    places.pushed(repository, "production", {AMD64: VULNERABLE})
    places.built({AMD64: [*VULNERABLE, pip_package("idna", "3.6")]})
    assert scan(run_command, places).returncode == 0
    places.pushed(repository, "production", {AMD64: FINE})
    reported = run_command("sarif", cwd=places.root)
    assert reported.returncode == 0, reported.stderr
    assert places.image().verdict == "pass"
    (places.root / places.image().reports["baseline"]).unlink()
    assert run_command("sarif", cwd=places.root).returncode != 0


def test_the_same_image_is_not_scanned_twice(places: Places, run_command: Command) -> None:
    repository = places.config(TAG)
    places.pushed(repository, "production", {AMD64: VULNERABLE})
    places.built({AMD64: VULNERABLE})
    result = scan(run_command, places)
    assert result.returncode == 0
    assert "scanning 1 platform with Trivy" in result.stderr


def test_where_nothing_is_deployed_everything_is_new(places: Places, run_command: Command) -> None:
    repository = places.config(TAG)
    places.built({AMD64: VULNERABLE})
    result = scan(run_command, places)
    assert result.returncode == 1
    told = f"app: {repository}:production isn't there, so everything that is found counts as new"
    assert told in result.stderr
    assert places.image().scan is not None
    assert "baseline" not in places.image().reports


def test_a_registry_that_is_away_gives_no_verdict(places: Places, run_command: Command) -> None:
    places.config(TAG)
    config = places.root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace("[localhost:5000/test/", "[localhost:9/test/"), encoding="utf-8")
    places.built({AMD64: FINE})
    result = scan(run_command, places)
    assert result.returncode == 4, result.stderr
    assert places.image().verdict is None


def test_the_manifests_tell_what_is_deployed(places: Places, run_command: Command) -> None:
    repository = places.config("  baseline: {from: manifests}\n" + PINNED)
    deployed = places.pushed(repository, "1", {AMD64: VULNERABLE})
    places.built({AMD64: [*VULNERABLE, pip_package("idna", "3.6")]})
    deploy(places, f"{repository}:1")
    result = scan(run_command, places)
    assert (result.returncode, "no manifest holds a digest of it" in result.stderr) == (1, True)
    deploy(places, f"{repository}:1@{deployed.digest}")
    assert scan(run_command, places).returncode == 0
    other = places.pushed(repository, "2", {AMD64: FINE})
    deploy(places, f"{repository}:2@{other.digest}", name="second")
    result = scan(run_command, places)
    assert (result.returncode, "the manifests hold several digests of it" in result.stderr) == (1, True)


def test_an_environments_manifests_tell_what_is_deployed_there(places: Places, run_command: Command) -> None:
    repository = places.config("  baseline: {from: manifests, environment: live}\n" + PINNED)
    fine, live = (places.pushed(repository, tag, {AMD64: tree}) for tag, tree in (("1", FINE), ("2", VULNERABLE)))
    deploy(places, f"{repository}@{fine.digest}")
    deploy(places, f"{repository}@{live.digest}", "live")
    places.built({AMD64: [*VULNERABLE, pip_package("idna", "3.6")]})
    assert scan(run_command, places).returncode == 0
    assert places.image().scan is not None


def test_an_earlier_scan_is_a_baseline_as_findings_and_as_state(places: Places, run_command: Command) -> None:
    repository = places.config()
    places.built({AMD64: VULNERABLE})
    assert scan(run_command, places).returncode == 1
    kept = places.root / "kept"
    shutil.copytree(places.root / ".ci-toolkit", kept)
    text = (places.root / ".ci-toolkit.yml").read_text()
    for file in ("kept/reports/{image}/findings.json", "kept/state.json"):
        extra = f"  baseline: {{findings: '{file}'}}\n"
        (places.root / ".ci-toolkit.yml").write_text(text + extra, encoding="utf-8")
        places.built({AMD64: [*VULNERABLE, pip_package("idna", "3.6")]})
        result = scan(run_command, places)
        assert result.returncode == 0, result.stderr
    assert str(repository.path) in text
    (kept / "state.json").unlink()
    assert scan(run_command, places).returncode == 1
    findings = kept / "reports" / "app" / "findings.json"
    findings.write_text(json.dumps({**json.loads(findings.read_text()), "image": "other"}), encoding="utf-8")
    extra = "  baseline: {findings: kept/reports/app/findings.json}\n"
    (places.root / ".ci-toolkit.yml").write_text(text + extra, encoding="utf-8")
    result = scan(run_command, places)
    assert (result.returncode, "the findings of other, not of app" in result.stderr) == (2, True)


def test_the_plan_tells_what_is_asked(places: Places, run_command: Command) -> None:
    repository = places.config(TAG)
    places.built({AMD64: FINE})
    result = run_command("scan", "--dry-run", cwd=places.root)
    assert f"find out what is deployed: {repository}:production" in result.stdout
    assert "/manifests/production" in result.stdout
