"""The upload to code scanning against a strict GitHub: what arrives, and what each refusal means."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import RemoteError, UsageError
from ci_toolkit.report.sarif_schema import validate
from tests.harness.code_scanning import GitHub, message
from tests.harness.findings import URLLIB3, ZLIB, platform
from tests.harness.proxy import answers, resets
from tests.harness.uploading import MODES, REVISION, Mode, Uploading

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mode", MODES)
def test_the_report_arrives_whole_and_is_followed_to_its_end(uploading: Uploading, github: GitHub, mode: Mode) -> None:
    github.pending = 3
    assert uploading.run(mode) is None
    [accepted] = github.accepted
    sent = dict(accepted.body)
    sent.pop("sarif")
    assert sent == {
        "commit_sha": REVISION,
        "ref": "refs/heads/main",
        "started_at": "2026-11-24T10:00:00Z",
        "tool_name": "Trivy",
    }
    file = uploading.root / uploading.state.image("backend").reports["sarif"]
    assert accepted.sarif == json.loads(file.read_text())
    kept = uploading.state.image("backend").code_scanning
    assert kept
    assert (kept.status, kept.id, list(kept.categories)) == ("complete", accepted.id, accepted.categories)
    assert kept.categories == ("container/backend/linux-amd64/", "container/backend/linux-arm64/")
    assert kept.url == (
        "https://github.com/acme/app/security/code-scanning?query=is%3Aopen%20tool%3ATrivy%20branch%3Amain"
    )
    assert github.server.count("GET") == 4
    assert uploading.naps.taken == [2.0, 3.0, 4.5, 6.75]
    assert f"info: backend: code scanning has it: {kept.url}" in uploading.said


def test_an_image_without_findings_is_uploaded_to_close_its_alerts(tmp_path: Path, github: GitHub) -> None:
    uploading = Uploading(tmp_path, github)
    uploading.scanned("backend", platform())
    assert uploading.run() is None
    [accepted] = github.accepted
    assert (accepted.categories, accepted.results) == (["container/backend/linux-amd64/"], [0])
    assert uploading.outcome()[0] == "complete"


def test_every_image_has_its_own_upload_and_category(uploading: Uploading, github: GitHub) -> None:
    uploading.scanned("frontend", platform(ZLIB))
    assert uploading.run("always") is None
    assert [accepted.categories[0] for accepted in github.accepted] == [
        "container/backend/linux-amd64/",
        "container/frontend/linux-amd64/",
    ]
    methods = [exchange.method for exchange in github.server.seen]
    assert methods[:2] == ["POST", "POST"], "all are sent before any is waited for"


def test_an_alert_outlives_a_rebuild_with_other_versions_and_digests(tmp_path: Path, github: GitHub) -> None:
    def prints(version: str) -> set[str]:
        uploading = Uploading(tmp_path, github)
        purl = f"pkg:pypi/urllib3@{version}"
        rebuilt = replace(
            URLLIB3, installed=version, purl=purl, layer=version, path=f"app/urllib3-{version}.dist-info"
        )
        uploading.scanned("backend", platform(rebuilt, name="linux/amd64"))
        assert uploading.run() is None
        [found] = github.accepted[-1].sarif["runs"]
        return {result["partialFingerprints"]["primaryLocationLineHash"] for result in found["results"]}

    assert prints("1.24.1") == prints("1.24")


@pytest.mark.parametrize("mode", MODES)
def test_what_never_ends_is_left_pending(uploading: Uploading, github: GitHub, mode: Mode) -> None:
    github.pending = 10**6
    error = uploading.run(mode)
    status, why = uploading.outcome()
    assert (status, why) == ("pending", "GitHub hasn't processed it after 120 s")
    assert sum(uploading.naps.taken) == pytest.approx(120)
    assert max(uploading.naps.taken) == 15
    assert f"warn: backend: the upload to code scanning is still pending: {why}" in uploading.said
    assert (error is None) == (mode == "auto")
    assert error is None or (error.exit_code, "still pending" in error.message) == (4, True)


def test_an_upload_is_looked_at_however_long_another_took(uploading: Uploading, github: GitHub) -> None:
    uploading.scanned("frontend", platform(ZLIB))
    github.pending = 0
    looks_in_120_s = 12
    github.fault("GET", answers(*message(404, "Not Found")), times=looks_in_120_s)
    assert uploading.run() is None
    assert [uploading.outcome(name)[0] for name in ("backend", "frontend")] == ["pending", "complete"]
    assert sum(uploading.naps.taken) == pytest.approx(120)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("behaviour", [answers(503, {}, b"<html>unicorn</html>"), resets, answers(200, {}, b"[1]")])
def test_github_in_trouble_spoils_no_run_under_auto(
    uploading: Uploading, github: GitHub, mode: Mode, behaviour: object
) -> None:
    github.fault("POST", behaviour, times=99)  # type: ignore[arg-type]
    error = uploading.run(mode)
    status, why = uploading.outcome()
    assert status == "failed"
    assert "/repos/acme/app/code-scanning/sarifs" in why
    assert f"warn: backend: the upload to code scanning failed: {why}" in uploading.said
    assert (error is None) == (mode == "auto")
    assert error is None or error.exit_code == 4


def test_trouble_that_passes_is_waited_out(uploading: Uploading, github: GitHub) -> None:
    github.fault("POST", answers(502))
    github.fault("POST", resets)
    github.fault("POST", answers(*message(429, "slow down", retry_after="7")))
    github.fault("GET", answers(500))
    assert uploading.run("always") is None
    assert uploading.outcome()[0] == "complete"
    assert github.server.count("POST") == 4
    assert len(github.accepted) == 1


def test_an_upload_that_isnt_everywhere_yet_is_looked_for_again(uploading: Uploading, github: GitHub) -> None:
    github.fault("GET", answers(*message(404, "Not Found")), times=2)
    assert uploading.run("always") is None
    assert uploading.outcome()[0] == "complete"


@pytest.mark.parametrize("mode", MODES)
def test_a_question_that_is_refused_leaves_the_upload_pending(
    uploading: Uploading, github: GitHub, mode: Mode
) -> None:
    github.fault("GET", answers(*message(403, "Resource not accessible by integration")), times=99)
    error = uploading.run(mode)
    assert uploading.outcome()[0] == "pending"
    assert len(github.accepted) == 1
    assert (error is None) == (mode == "auto")


@pytest.mark.parametrize("body", [b"{}", b'{"id": 7}', b'{"id": ""}'])
def test_an_answer_without_an_id_is_no_success(uploading: Uploading, github: GitHub, body: bytes) -> None:
    github.fault("POST", answers(202, {}, body))
    assert uploading.run() is None
    assert uploading.outcome() == ("failed", "GitHub took it without saying under which id")


def test_an_id_leads_nowhere_else(uploading: Uploading, github: GitHub) -> None:
    github.fault("POST", answers(202, {}, b'{"id": "../../x?y=http://evil.test/"}'))
    assert uploading.run() is None
    asked = {exchange.path for exchange in github.server.seen if exchange.method == "GET"}
    assert asked == {"/repos/acme/app/code-scanning/sarifs/..%2F..%2Fx%3Fy%3Dhttp%3A%2F%2Fevil.test%2F"}
    assert uploading.outcome()[0] == "pending"


def test_one_image_that_fails_stops_no_other_and_is_told_in_the_end(uploading: Uploading, github: GitHub) -> None:
    uploading.scanned("frontend", platform(ZLIB))
    github.fault("POST", answers(*message(422, "Invalid SARIF")))
    error = uploading.run()
    assert isinstance(error, RemoteError)
    assert [uploading.outcome(name)[0] for name in ("backend", "frontend")] == ["failed", "complete"]


def test_an_image_that_was_not_scanned_keeps_no_other_back(uploading: Uploading, github: GitHub) -> None:
    uploading.scanned("frontend", platform(ZLIB))
    uploading.state = uploading.state.with_image("frontend", scan=None)
    error = uploading.run()
    assert isinstance(error, UsageError)
    assert "frontend has not been scanned" in error.message
    assert uploading.outcome()[0] == "complete"
    assert uploading.state.image("frontend").code_scanning is None
    assert len(github.accepted) == 1


def test_a_plan_names_the_requests_and_makes_none(uploading: Uploading, github: GitHub) -> None:
    actions = [action for action in uploading.step().plan(uploading.state) if action.kind == "request"]
    base = f"{github.url}/repos/acme/app/code-scanning/sarifs"
    assert [(action.method, action.url) for action in actions] == [("POST", base), ("GET", f"{base}/<id>")]
    assert all("security-events: write" in action.when for action in actions)
    assert not any(action.when for action in uploading.step("always").plan(uploading.state))
    assert github.server.seen == []


def test_an_enterprise_servers_api_has_a_path_of_its_own(tmp_path: Path) -> None:
    with GitHub(prefix="/api/v3").running() as ghes:
        uploading = Uploading(tmp_path, ghes)
        uploading.scanned("backend", platform(URLLIB3))
        uploading.env = {"GITHUB_API_URL": f"{ghes.url}/"}
        assert uploading.run("always") is None
        assert ghes.server.seen[0].path == "/api/v3/repos/acme/app/code-scanning/sarifs"


def test_every_report_keeps_to_githubs_limits_on_its_parts(uploading: Uploading, github: GitHub) -> None:
    assert uploading.run() is None
    for found in github.accepted[0].sarif["runs"]:
        assert all(len(rule["properties"]["tags"]) <= 10 for rule in found["tool"]["driver"]["rules"])
        assert all(len(result["locations"]) == 1 for result in found["results"])
    validate(github.accepted[0].sarif)
