"""The upload to code scanning against a strict GitHub: what arrives, and what each refusal means."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from ci_toolkit.errors import RemoteError, ToolkitError, UsageError
from ci_toolkit.model.context import CiContext
from ci_toolkit.report.sarif_schema import validate
from tests.harness.code_scanning import NOT_ENABLED, GitHub
from tests.harness.findings import URLLIB3, ZLIB, platform
from tests.harness.proxy import answers, resets
from tests.harness.uploading import ON_MAIN, REVISION, Uploading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Mode = Literal["auto", "always"]
MODES: tuple[Mode, ...] = ("auto", "always")


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub().running() as running:
        yield running


@pytest.fixture
def run(tmp_path: Path, github: GitHub) -> Iterator[Uploading]:
    made = Uploading(tmp_path, github)
    made.scanned("backend", platform(URLLIB3, ZLIB), platform(URLLIB3, name="linux/arm64"))
    yield made
    written = [path.read_text() for path in (tmp_path / ".ci-toolkit").rglob("*") if path.is_file()]
    assert github.token not in "\n".join([made.said, repr(made.state), *written])


def message(status: int, words: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        json.dumps({"message": words}).encode(),
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_report_arrives_whole_and_is_followed_to_its_end(run: Uploading, github: GitHub, mode: Mode) -> None:
    github.pending = 3
    assert run.run(mode) is None
    [accepted] = github.accepted
    sent = dict(accepted.body)
    sent.pop("sarif")
    assert sent == {
        "commit_sha": REVISION,
        "ref": "refs/heads/main",
        "started_at": "2026-11-24T10:00:00Z",
        "tool_name": "Trivy",
    }
    file = run.root / run.state.image("backend").reports["sarif"]
    assert accepted.sarif == json.loads(file.read_text())
    kept = run.state.image("backend").code_scanning
    assert kept
    assert (kept.status, kept.id, list(kept.categories)) == ("complete", accepted.id, accepted.categories)
    assert kept.categories == ("container/backend/linux-amd64/", "container/backend/linux-arm64/")
    assert kept.url == (
        "https://github.com/acme/app/security/code-scanning?query=is%3Aopen%20tool%3ATrivy%20branch%3Amain"
    )
    assert github.server.count("GET") == 4
    assert run.naps.taken == [2.0, 3.0, 4.5, 6.75]
    assert f"info: backend: code scanning has it: {kept.url}" in run.said


def test_an_image_without_findings_is_uploaded_to_close_its_alerts(tmp_path: Path, github: GitHub) -> None:
    run = Uploading(tmp_path, github)
    run.scanned("backend", platform())
    assert run.run() is None
    [accepted] = github.accepted
    assert (accepted.categories, accepted.results) == (["container/backend/linux-amd64/"], [0])
    assert run.outcome()[0] == "complete"


def test_every_image_has_its_own_upload_and_category(run: Uploading, github: GitHub) -> None:
    run.scanned("frontend", platform(ZLIB))
    assert run.run("always") is None
    assert [accepted.categories[0] for accepted in github.accepted] == [
        "container/backend/linux-amd64/",
        "container/frontend/linux-amd64/",
    ]
    methods = [exchange.method for exchange in github.server.seen]
    assert methods[:2] == ["POST", "POST"], "all are sent before any is waited for"


def test_an_alert_outlives_a_rebuild_with_other_versions_and_digests(tmp_path: Path, github: GitHub) -> None:
    def prints(version: str) -> set[str]:
        run = Uploading(tmp_path, github)
        purl = f"pkg:pypi/urllib3@{version}"
        rebuilt = replace(
            URLLIB3, installed=version, purl=purl, layer=version, path=f"app/urllib3-{version}.dist-info"
        )
        run.scanned("backend", platform(rebuilt, name="linux/amd64"))
        assert run.run() is None
        [found] = github.accepted[-1].sarif["runs"]
        return {result["partialFingerprints"]["primaryLocationLineHash"] for result in found["results"]}

    assert prints("1.24.1") == prints("1.24")


REFUSALS: dict[str, tuple[dict[str, Any], str, type[ToolkitError], str]] = {
    "read-only token": (
        {"permitted": False},
        "the token lacks `security-events: write`",
        UsageError,
        "`permissions: security-events: write`",
    ),
    "not enabled": ({"enabled": False}, "code scanning isn't enabled for acme/app", RemoteError, "settings"),
    "another repository": ({"repository": "acme/other"}, "GitHub says 404 Not Found", RemoteError, "acme/app"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", REFUSALS)
def test_what_the_repository_doesnt_allow_is_skipped_or_an_error(
    run: Uploading, github: GitHub, case: str, mode: Mode
) -> None:
    changes, reason, kind, hint = REFUSALS[case]
    for name, value in changes.items():
        setattr(github, name, value)
    error = run.run(mode)
    status, why = run.outcome()
    assert (status, reason in why) == ("skipped", True), why
    if mode == "auto":
        assert error is None
        assert f"info: backend: not uploaded to code scanning: skipped because {why}" in run.said
    else:
        assert type(error) is kind
        assert reason in error.message
        assert hint in error.hint
    assert github.server.count("POST") == 1, "nobody tries again"


@pytest.mark.parametrize("mode", MODES)
def test_a_token_that_github_refuses_is_explained_and_not_shown(run: Uploading, mode: Mode) -> None:
    run.env = {"GITHUB_TOKEN": "ghs_expired0123456789"}
    error = run.run(mode)
    assert run.outcome() == ("skipped", "GitHub refuses the token (GitHub says 401 Bad credentials)")
    assert "GITHUB_TOKEN: ${{ github.token }}" in (error.hint if error else run.said)
    assert error is None or error.exit_code == 2
    assert "ghs_expired" not in run.said + repr(run.state)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (NOT_ENABLED, "isn't enabled"),
        ("Advanced Security must be enabled for this repository to use code scanning.", "isn't enabled"),
        ("Code scanning is not enabled for this repository. Please enable code scanning.", "isn't enabled"),
        ("repository not enabled for code scanning", "isn't enabled"),
        ("Resource not accessible by personal access token", "lacks `security-events: write`"),
        ("Repository was archived so is read-only.", "GitHub says 403 Repository was archived so is read-only."),
    ],
)
def test_githubs_words_for_a_403_are_understood(run: Uploading, github: GitHub, words: str, reason: str) -> None:
    github.fault("POST", answers(*message(403, words)))
    assert run.run() is None
    assert reason in run.outcome()[1]


PROPOSAL = replace(ON_MAIN, event="pull_request", branch=None, pull_request=5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (replace(PROPOSAL, from_fork=True), "the pull request comes from a fork, and its token may only read"),
        (replace(ON_MAIN, actor="dependabot[bot]"), "Dependabot started the run, and its token may only read"),
    ],
)
def test_a_token_that_may_only_read_is_explained(
    run: Uploading, github: GitHub, context: CiContext, reason: str, mode: Mode
) -> None:
    github.permitted = False
    run.context = context
    error = run.run(mode)
    assert run.outcome() == ("skipped", reason)
    assert (error is None) == (mode == "auto")
    assert error is None or (error.exit_code, error.message) == (2, f"nothing is uploaded, because {reason}")


def test_a_fork_or_dependabot_with_a_token_that_may_write_is_served(run: Uploading, github: GitHub) -> None:
    run.context = replace(PROPOSAL, from_fork=True, actor="dependabot[bot]", revision="2" * 40)
    run.env = {"GITHUB_REF": "refs/pull/5/merge"}
    assert run.run("always") is None
    assert (github.accepted[0].body["ref"], github.accepted[0].body["commit_sha"]) == ("refs/pull/5/head", "2" * 40)


HINDRANCES: dict[str, tuple[dict[str, str], CiContext, str, str]] = {
    "no token": ({"GITHUB_TOKEN": ""}, ON_MAIN, "GITHUB_TOKEN isn't set", "${{ github.token }}"),
    "no git": ({}, replace(ON_MAIN, revision=None), "isn't known", "actions/checkout"),
    "no ref": ({"GITHUB_REF": ""}, ON_MAIN, "isn't known", "a branch or a tag"),
    "elsewhere": ({}, CiContext(revision=REVISION), "this is no GitHub job", "GitHub Actions"),
    "in the open": ({"GITHUB_API_URL": "http://ghes.test/api/v3"}, ON_MAIN, "only https is safe", "https address"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", HINDRANCES)
def test_what_a_run_lacks_is_known_before_anything_is_asked(
    run: Uploading, github: GitHub, case: str, mode: Mode
) -> None:
    run.env, run.context, reason, hint = HINDRANCES[case]
    error = run.run(mode)
    status, why = run.outcome()
    assert (status, reason in why) == ("skipped", True), why
    assert github.server.seen == []
    [action] = [action for action in run.step(mode).plan(run.state) if action.kind != "write"]
    assert (action.kind, reason in action.summary) == ("decide", True)
    if mode == "auto":
        assert error is None
        assert f"skipped because {why}" in run.said
    else:
        assert isinstance(error, UsageError)
        assert hint in error.hint


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("status", [400, 422])
def test_a_rejected_report_is_an_error_either_way(run: Uploading, github: GitHub, mode: Mode, status: int) -> None:
    github.fault("POST", answers(*message(status, "Invalid SARIF: rule index")))
    error = run.run(mode)
    assert isinstance(error, RemoteError)
    assert error.message == "GitHub rejects the SARIF: Invalid SARIF: rule index"
    assert run.outcome() == ("failed", error.message)
    assert github.server.count("POST") == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_report_that_is_too_large_says_how_large(run: Uploading, github: GitHub, mode: Mode) -> None:
    github.fault("POST", answers(*message(413, "SARIF file is too large")))
    error = run.run(mode)
    assert isinstance(error, RemoteError)
    assert "too large for GitHub, 0.0 MB gzipped: SARIF file is too large" in error.message
    assert "10 MB" in error.hint


@pytest.mark.parametrize("mode", MODES)
def test_a_report_that_cant_be_processed_is_an_error_either_way(run: Uploading, github: GitHub, mode: Mode) -> None:
    github.errors = ("rejecting SARIF,\n::error::as there is\x1b[31m no reason", github.token)
    error = run.run(mode)
    assert isinstance(error, RemoteError)
    said = "rejecting SARIF, : :error::as there is no reason; ***"
    assert error.message == f"GitHub couldn't process the SARIF: {said}"
    assert run.outcome()[0] == "failed"


@pytest.mark.parametrize("mode", MODES)
def test_what_never_ends_is_left_pending(run: Uploading, github: GitHub, mode: Mode) -> None:
    github.pending = 10**6
    error = run.run(mode)
    status, why = run.outcome()
    assert (status, why) == ("pending", "GitHub hasn't processed it after 120 s")
    assert sum(run.naps.taken) == pytest.approx(120)
    assert max(run.naps.taken) == 15
    assert f"warn: backend: the upload to code scanning is still pending: {why}" in run.said
    assert (error is None) == (mode == "auto")
    assert error is None or (error.exit_code, "still pending" in error.message) == (4, True)


def test_an_upload_is_looked_at_however_long_another_took(run: Uploading, github: GitHub) -> None:
    run.scanned("frontend", platform(ZLIB))
    github.pending = 0
    looks_in_120_s = 12
    github.fault("GET", answers(*message(404, "Not Found")), times=looks_in_120_s)
    assert run.run() is None
    assert [run.outcome(name)[0] for name in ("backend", "frontend")] == ["pending", "complete"]
    assert sum(run.naps.taken) == pytest.approx(120)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("behaviour", [answers(503, {}, b"<html>unicorn</html>"), resets, answers(200, {}, b"[1]")])
def test_github_in_trouble_spoils_no_run_under_auto(
    run: Uploading, github: GitHub, mode: Mode, behaviour: object
) -> None:
    github.fault("POST", behaviour, times=99)  # type: ignore[arg-type]
    error = run.run(mode)
    status, why = run.outcome()
    assert status == "failed"
    assert "/repos/acme/app/code-scanning/sarifs" in why
    assert f"warn: backend: the upload to code scanning failed: {why}" in run.said
    assert (error is None) == (mode == "auto")
    assert error is None or error.exit_code == 4


def test_trouble_that_passes_is_waited_out(run: Uploading, github: GitHub) -> None:
    github.fault("POST", answers(502))
    github.fault("POST", resets)
    github.fault("POST", answers(*message(429, "slow down", retry_after="7")))
    github.fault("GET", answers(500))
    assert run.run("always") is None
    assert run.outcome()[0] == "complete"
    assert github.server.count("POST") == 4
    assert len(github.accepted) == 1


def test_an_upload_that_isnt_everywhere_yet_is_looked_for_again(run: Uploading, github: GitHub) -> None:
    github.fault("GET", answers(*message(404, "Not Found")), times=2)
    assert run.run("always") is None
    assert run.outcome()[0] == "complete"


@pytest.mark.parametrize("mode", MODES)
def test_a_question_that_is_refused_leaves_the_upload_pending(run: Uploading, github: GitHub, mode: Mode) -> None:
    github.fault("GET", answers(*message(403, "Resource not accessible by integration")), times=99)
    error = run.run(mode)
    assert run.outcome()[0] == "pending"
    assert len(github.accepted) == 1
    assert (error is None) == (mode == "auto")


@pytest.mark.parametrize("body", [b"{}", b'{"id": 7}', b'{"id": ""}'])
def test_an_answer_without_an_id_is_no_success(run: Uploading, github: GitHub, body: bytes) -> None:
    github.fault("POST", answers(202, {}, body))
    assert run.run() is None
    assert run.outcome() == ("failed", "GitHub took it without saying under which id")


def test_an_id_leads_nowhere_else(run: Uploading, github: GitHub) -> None:
    github.fault("POST", answers(202, {}, b'{"id": "../../x?y=http://evil.test/"}'))
    assert run.run() is None
    asked = {exchange.path for exchange in github.server.seen if exchange.method == "GET"}
    assert asked == {"/repos/acme/app/code-scanning/sarifs/..%2F..%2Fx%3Fy%3Dhttp%3A%2F%2Fevil.test%2F"}
    assert run.outcome()[0] == "pending"


def test_one_image_that_fails_stops_no_other_and_is_told_in_the_end(run: Uploading, github: GitHub) -> None:
    run.scanned("frontend", platform(ZLIB))
    github.fault("POST", answers(*message(422, "Invalid SARIF")))
    error = run.run()
    assert isinstance(error, RemoteError)
    assert [run.outcome(name)[0] for name in ("backend", "frontend")] == ["failed", "complete"]


def test_an_image_that_was_not_scanned_keeps_no_other_back(run: Uploading, github: GitHub) -> None:
    run.scanned("frontend", platform(ZLIB))
    run.state = run.state.with_image("frontend", scan=None)
    error = run.run()
    assert isinstance(error, UsageError)
    assert "frontend has not been scanned" in error.message
    assert run.outcome()[0] == "complete"
    assert run.state.image("frontend").code_scanning is None
    assert len(github.accepted) == 1


def test_a_plan_names_the_requests_and_makes_none(run: Uploading, github: GitHub) -> None:
    actions = [action for action in run.step().plan(run.state) if action.kind == "request"]
    base = f"{github.url}/repos/acme/app/code-scanning/sarifs"
    assert [(action.method, action.url) for action in actions] == [("POST", base), ("GET", f"{base}/<id>")]
    assert all("security-events: write" in action.when for action in actions)
    assert not any(action.when for action in run.step("always").plan(run.state))
    assert github.server.seen == []


def test_an_enterprise_servers_api_has_a_path_of_its_own(tmp_path: Path) -> None:
    with GitHub(prefix="/api/v3").running() as ghes:
        run = Uploading(tmp_path, ghes)
        run.scanned("backend", platform(URLLIB3))
        run.env = {"GITHUB_API_URL": f"{ghes.url}/"}
        assert run.run("always") is None
        assert ghes.server.seen[0].path == "/api/v3/repos/acme/app/code-scanning/sarifs"


def test_every_report_keeps_to_githubs_limits_on_its_parts(run: Uploading, github: GitHub) -> None:
    assert run.run() is None
    for found in github.accepted[0].sarif["runs"]:
        assert all(len(rule["properties"]["tags"]) <= 10 for rule in found["tool"]["driver"]["rules"])
        assert all(len(result["locations"]) == 1 for result in found["results"])
    validate(github.accepted[0].sarif)
