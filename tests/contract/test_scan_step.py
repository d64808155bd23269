"""The scan step with a scanner that misbehaves: a crash is never a finding, and never a pass."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError, ToolError, UsageError
from ci_toolkit.layout import Layout
from ci_toolkit.model.attestation import parse_attestations
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Counts
from ci_toolkit.report.findings_file import read_findings
from ci_toolkit.state import CodeScanning, Scan
from ci_toolkit.steps.sarif import SarifStep
from tests.harness.fake_trivy import FakeTrivy, fake_trivy
from tests.harness.images import DEBIAN_12, make_image, pip_package
from tests.harness.scans import Scans

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
BOTH = {name: [DEBIAN_12, pip_package("urllib3", "1.24.1")] for name in ("linux/amd64", "linux/arm64")}
URLLIB3 = {
    "VulnerabilityID": "CVE-2019-11324",
    "PkgName": "urllib3",
    "InstalledVersion": "1.24.1",
    "FixedVersion": "1.24.2",
    "Status": "fixed",
    "Severity": "HIGH",
}


@pytest.fixture
def trivy(tmp_path: Path) -> FakeTrivy:
    fake = fake_trivy(tmp_path / "trivy")
    fake.serves("mirror/trivy-db:2", NOW - timedelta(hours=1))
    return fake


@pytest.fixture
def scans(tmp_path: Path, trivy: FakeTrivy) -> Scans:
    made = Scans(tmp_path, trivy.program, ("mirror/trivy-db:2",), now=NOW)
    made.add("backend", BOTH)
    return made


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


def java_downloads(trivy: FakeTrivy) -> int:
    return len([call for call in trivy.calls if "--download-java-db-only" in call["flags"]])


def test_java_archives_bring_their_index_once_while_it_is_young(scans: Scans, trivy: FakeTrivy) -> None:
    trivy.behave("java")
    assert scans.scan().image("backend").verdict == "pass"
    scans.scan()
    assert java_downloads(trivy) == 1


def test_an_old_index_of_java_archives_serves_while_none_can_be_had(scans: Scans, trivy: FakeTrivy) -> None:
    trivy.behave("java")
    scans.scan()
    trivy.behave("java-down")
    scans.max_age = timedelta(days=30)
    scans.now = NOW + timedelta(days=4)
    assert scans.scan().image("backend").verdict == "pass"
    assert java_downloads(trivy) == 2
    assert any("the index of Java archives is an old one" in line for line in scans.progress.said)


def test_java_archives_without_their_index_are_no_pass(scans: Scans, trivy: FakeTrivy) -> None:
    trivy.behave("java-down")
    with pytest.raises(ToolError, match="an image holds Java archives"):
        scans.scan()


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


def test_a_database_is_downloaded_once_while_it_is_young(scans: Scans, trivy: FakeTrivy) -> None:
    scans.scan()
    scans.scan()
    assert trivy.downloads == ["mirror/trivy-db:2"]
    scans.now = NOW + timedelta(hours=24)
    scans.scan()
    assert trivy.downloads == ["mirror/trivy-db:2"] * 2


def test_mirrors_are_asked_in_order(scans: Scans, trivy: FakeTrivy) -> None:
    scans.repositories = (
        "down/trivy-db:2",
        "old/trivy-db:2",
        "empty/trivy-db:2",
        "good/trivy-db:2",
        "never/trivy-db:2",
    )
    trivy.serves("old/trivy-db:2", NOW - timedelta(days=9))
    trivy.serves("empty/trivy-db:2", NOW, filled=False)
    trivy.serves("good/trivy-db:2", NOW - timedelta(hours=3))
    scan = scans.scan().image("backend").scan
    assert scan
    assert scan.database_repository == "good/trivy-db:2"
    assert trivy.downloads == list(scans.repositories[:4])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (None, "OCI repository error"),
        ({"updated": NOW - timedelta(days=9)}, "was made 9 days ago|was made 216.0 h ago"),
        ({"updated": NOW + timedelta(days=2)}, "in the future"),
        ({"updated": NOW, "filled": False}, "the database is empty"),
        ({"updated": NOW, "Version": 3}, "schema 3"),
        ({"updated": NOW, "UpdatedAt": "yesterday"}, "no vulnerability database"),
    ],
)
def test_a_database_that_cannot_be_relied_on_is_no_pass(
    scans: Scans, trivy: FakeTrivy, options: dict[str, object] | None, said: str
) -> None:
    scans.repositories = ("bad/trivy-db:2",)
    if options:
        trivy.serves("bad/trivy-db:2", **options)  # type: ignore[arg-type]  # `updated` is among them
    with pytest.raises(ToolError, match=said) as caught:
        scans.scan()
    assert "nothing can be judged" in caught.value.message
    assert scans.saved[-1].image("backend").verdict is None


def test_a_due_database_serves_up_to_its_age_while_none_can_be_had(scans: Scans, trivy: FakeTrivy) -> None:
    scans.scan()
    (trivy.home / "databases").rename(trivy.home / "gone")
    scans.now = NOW + timedelta(hours=40)
    assert scans.scan().image("backend").verdict == "pass"
    assert any("can't be refreshed, using the one made 41.0 h ago" in line for line in scans.progress.said)
    scans.now = NOW + timedelta(hours=48)
    with pytest.raises(ToolError, match="no vulnerability database can be had"):
        scans.scan()


def test_another_list_of_repositories_has_a_database_of_its_own(scans: Scans, trivy: FakeTrivy) -> None:
    scans.scan()
    trivy.serves("private/trivy-db:2", NOW)
    scans.repositories = ("private/trivy-db:2",)
    scans.scan()
    assert trivy.downloads == ["mirror/trivy-db:2", "private/trivy-db:2"]


def test_a_planted_database_is_not_looked_for_in_the_workspace(scans: Scans, trivy: FakeTrivy) -> None:
    planted = scans.root / ".ci-toolkit" / "scan" / "cache" / "db"
    planted.mkdir(parents=True)
    (planted / "trivy.db").write_bytes(b"knows nothing")
    trivy.finds(URLLIB3)
    assert scans.scan().image("backend").verdict == "fail"


def test_eight_scans_at_once_share_one_download(scans: Scans, trivy: FakeTrivy) -> None:
    verdicts: list[str | None] = []

    def one(number: int) -> None:
        mine = Scans(scans.root, trivy.program, scans.repositories, now=NOW, workdir=f"work-{number}")
        mine.add("backend", BOTH)
        verdicts.append(mine.scan().image("backend").verdict)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == ["pass"] * 8
    assert len(trivy.downloads) == 1


def sarif(scans: Scans) -> SarifStep:
    return SarifStep(
        scans.images,
        policy=scans.policy,
        category="container/{image}",
        root=scans.root,
        workdir=scans.root / ".ci-toolkit",
        repository=scans.root,
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
