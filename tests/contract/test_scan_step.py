"""The scan step with a scanner that misbehaves: a crash is never a finding, and never a pass."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError, ToolError, UsageError
from ci_toolkit.layout import Layout
from ci_toolkit.model.attestation import parse_attestations
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Counts
from ci_toolkit.report.findings_file import read_findings
from ci_toolkit.state import CodeScanning, Scan
from ci_toolkit.steps.judge import Judge
from ci_toolkit.steps.sarif import SarifStep
from tests.harness.fake_trivy import NOW, URLLIB3, FakeTrivy
from tests.harness.images import DEBIAN_12, make_image

if TYPE_CHECKING:
    from tests.harness.scans import Scans


def test_what_was_found_is_recorded_and_kept(scans: Scans, trivy: FakeTrivy) -> None:
    trivy.finds(URLLIB3)
    image = scans.scan().image("backend")
    assert (image.verdict, image.gate) == ("fail", "on")
    assert image.platform_verdicts == {"linux/amd64": "fail", "linux/arm64": "fail"}
    assert image.findings == Counts(high=1)
    assert image.blocking == ("CVE-2019-11324 urllib3 1.24.1 (high)",)
    assert image.scan == Scan(
        scanner="trivy",
        version="9.9.9",
        database_updated="2026-11-24T09:00:00+00:00",
        database_repository="mirror/trivy-db:2",
        policy_hash="sha256:1",
        scanned_at="2026-11-24T10:00:00+00:00",
        digest=image.digest or Digest.of(b""),
    )
    assert set(image.reports) == {"findings", "attestation", "trivy linux/amd64", "trivy linux/arm64"}
    findings = read_findings(scans.root / image.reports["findings"])
    assert {p.platform: p.digest for p in findings.platforms} == image.platforms
    assert not (scans.root / ".ci-toolkit" / "scan").exists()
    assert (
        "backend linux/amd64 is refused: 1 vulnerability of severity high or above with a fix" in scans.progress.said
    )


def test_nothing_found_passes(scans: Scans) -> None:
    image = scans.scan().image("backend")
    assert (image.verdict, image.findings, image.blocking) == ("pass", Counts(), ())


@pytest.mark.parametrize(("found", "result"), [((), "PASSED"), ((URLLIB3,), "FAILED")])
def test_the_verdict_is_attested(
    scans: Scans, trivy: FakeTrivy, found: tuple[dict[str, object], ...], result: str
) -> None:
    trivy.finds(*found)
    image = scans.scan().image("backend")
    (attestation,) = parse_attestations((scans.root / image.reports["attestation"]).read_text())
    assert (attestation.digest, attestation.result) == (image.digest, result)
    assert attestation.policy_hash == "sha256:1"


def test_trivy_is_left_alone_with_what_it_is_given(scans: Scans, trivy: FakeTrivy) -> None:
    scans.env = {**scans.env, "TRIVY_SEVERITY": "CRITICAL", "TRIVY_IGNORE_UNFIXED": "true"}
    (scans.root / ".trivyignore").write_text("CVE-2019-11324\n")
    scans.scan()
    assert [(call["trivy_env"], call["cwd"]) for call in trivy.calls] == [([], [])] * 3


def test_a_run_is_what_the_plan_said(scans: Scans, trivy: FakeTrivy) -> None:
    planned = [action.argv for action in scans.step.plan(scans.state) if action.argv]
    assert not trivy.calls
    assert not (scans.root / "cache").exists()
    scans.scan()
    ran = [call["flags"] for call in trivy.calls]
    assert sorted(map(str, ran)) == sorted(str(dict(p.partition("=")[::2] for p in argv[2:])) for argv in planned)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("crash", "exited with 1"),
        ("truncated", "is broken"),
        ("empty", "is broken"),
        ("no-report", "isn't there"),
        ("other-image", "is about image sha256:000"),
    ],
)
def test_a_scanner_that_fails_leaves_no_verdict(scans: Scans, trivy: FakeTrivy, mode: str, said: str) -> None:
    before = scans.scan().image("backend")
    assert before.verdict == "pass"
    trivy.behave(mode)
    with pytest.raises(ToolError, match=said) as caught:
        scans.scan()
    assert "\x1b" not in caught.value.message
    assert "::error" not in caught.value.message
    left = scans.saved[-1].image("backend")
    assert (left.verdict, left.scan, left.findings, left.platform_verdicts, left.reports) == (None, None, None, {}, {})
    assert left.digest == before.digest
    assert not (scans.root / ".ci-toolkit" / "scan").exists()


def test_a_scanner_that_hangs_is_ended(scans: Scans, trivy: FakeTrivy) -> None:
    trivy.behave("hang")
    scans.timeout, scans.grace = timedelta(seconds=1), 0
    with pytest.raises(
        ToolError, match=r"Trivy can't scan backend .*: it took longer than 1 s and was ended"
    ) as caught:
        scans.scan()
    assert caught.value.hint == "raise `scan.timeout`"


def test_a_missing_scanner_is_no_pass(scans: Scans) -> None:
    scans.program = scans.root / "nowhere" / "trivy"
    with pytest.raises(ToolError, match="isn't there"):
        scans.scan()


def test_without_trivy_on_path_a_container_runs_it(scans: Scans) -> None:
    scans.env = {"PATH": "/nonexistent"}
    scans.program = None
    starts = {action.argv[:3] for action in scans.step.plan(scans.state) if action.argv}
    assert starts == {("docker", "run", "--rm")}
    with pytest.raises(ToolError, match="docker") as caught:
        scans.scan()
    assert "there is no `trivy` on PATH, so aquasec/trivy was tried" in caught.value.hint


def test_an_unbuilt_image_is_the_users_order_of_steps(scans: Scans) -> None:
    scans.state = replace(scans.state, images={})
    with pytest.raises(UsageError, match="backend has not been built"):
        scans.scan()


def test_another_layout_than_the_states_is_refused(scans: Scans) -> None:
    path = scans.root / ".ci-toolkit/layouts/backend"
    make_image(path, {"linux/amd64": [DEBIAN_12]})
    with pytest.raises(IntegrityError, match="but the state says"):
        scans.scan()


def test_a_platform_the_state_does_not_list_is_refused(scans: Scans) -> None:
    image = scans.state.image("backend")
    scans.state = scans.state.with_image("backend", platforms=dict(list(image.platforms.items())[:1]))
    with pytest.raises(IntegrityError, match="holds 2 platform images, the state lists 1"):
        scans.scan()


@pytest.mark.parametrize("scanner_fails", [False, True])
def test_a_damaged_layer_is_refused_whatever_the_scanner_makes_of_it(
    scans: Scans, trivy: FakeTrivy, *, scanner_fails: bool
) -> None:
    if scanner_fails:
        trivy.program.write_text("#!/bin/sh\nexit 1\n")
    layout = Layout(scans.root / ".ci-toolkit/layouts/backend")
    largest = max(layout.blobs.iterdir(), key=lambda blob: blob.stat().st_size)
    data = largest.read_bytes()
    largest.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(IntegrityError, match=r"another size or hash|holds other bytes"):
        scans.scan()


def test_an_image_without_an_index_is_scanned_too(scans: Scans) -> None:
    scans.add("single", {"linux/amd64": [DEBIAN_12]}, index=False)
    assert scans.scan().image("single").platform_verdicts == {"linux/amd64": "pass"}


@pytest.mark.parametrize(("scratch", "verdict"), [(False, "fail"), (True, "pass")])
def test_scratch_says_that_nothing_was_to_be_seen(scans: Scans, trivy: FakeTrivy, scratch: bool, verdict: str) -> None:
    script = trivy.program.read_text().replace('"Packages": [{"Name": "urllib3"}]', '"Packages": []')
    trivy.program.write_text(script)
    scans.images[0] = replace(scans.images[0], scratch=scratch)
    image = scans.scan().image("backend")
    assert image.verdict == verdict
    assert len(image.blocking) == (0 if scratch else 2)


def sarif(scans: Scans) -> SarifStep:
    return SarifStep(
        scans.images,
        judge=Judge(scans.policy, root=scans.root, repository=scans.root),
        category="container/{image}",
        root=scans.root,
        workdir=scans.root / ".ci-toolkit",
        progress=scans.progress,
        save=lambda _: None,
    )


def test_sarif_is_written_after_a_no(scans: Scans, trivy: FakeTrivy) -> None:
    (scans.root / "Dockerfile").write_text("# a service\n\nFROM debian:bookworm-slim\n")
    trivy.finds(URLLIB3)
    state = sarif(scans).run(scans.scan())
    file = scans.root / state.image("backend").reports["sarif"]
    assert file == scans.root / ".ci-toolkit/reports/backend/trivy.sarif"
    document = json.loads(file.read_text())
    assert len(document["runs"]) == 2
    [result] = document["runs"][0]["results"]
    assert result["ruleId"] == "CVE-2019-11324:urllib3"
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("Dockerfile", 3)
    first = file.read_bytes()
    scans.now = NOW + timedelta(hours=2)
    sarif(scans).run(scans.scan())
    assert file.read_bytes() == first


def test_a_new_scan_forgets_what_came_of_the_last_upload(scans: Scans) -> None:
    record = CodeScanning(status="complete", id="1")
    scans.state = scans.state.with_image("backend", code_scanning=record)
    assert scans.scan().image("backend").code_scanning is None


def test_sarif_of_other_findings_is_refused(scans: Scans) -> None:
    state = scans.scan().with_image("backend", digest=Digest.of(b"built again"))
    with pytest.raises(IntegrityError, match="the findings are of backend"):
        sarif(scans).run(state)


def test_sarif_without_a_scan_is_the_users_order_of_steps(scans: Scans) -> None:
    with pytest.raises(UsageError, match="has not been scanned"):
        sarif(scans).run(scans.state)
