"""What GitHub's refusals of an upload mean, and what of them fails the run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ci_toolkit.errors import RemoteError, ToolkitError, UsageError
from ci_toolkit.model.context import CiContext
from tests.harness.code_scanning import NOT_ENABLED, GitHub, message
from tests.harness.proxy import answers
from tests.harness.uploading import MODES, ON_MAIN, REVISION, Mode, Uploading

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
    uploading: Uploading, github: GitHub, case: str, mode: Mode
) -> None:
    changes, reason, kind, hint = REFUSALS[case]
    for name, value in changes.items():
        setattr(github, name, value)
    error = uploading.run(mode)
    status, why = uploading.outcome()
    assert (status, reason in why) == ("skipped", True), why
    if mode == "auto":
        assert error is None
        assert f"info: backend: not uploaded to code scanning: skipped because {why}" in uploading.said
    else:
        assert type(error) is kind
        assert reason in error.message
        assert hint in error.hint
    assert github.server.count("POST") == 1, "nobody tries again"


@pytest.mark.parametrize("mode", MODES)
def test_a_token_that_github_refuses_is_explained_and_not_shown(uploading: Uploading, mode: Mode) -> None:
    uploading.env = {"GITHUB_TOKEN": "ghs_expired0123456789"}
    error = uploading.run(mode)
    assert uploading.outcome() == ("skipped", "GitHub refuses the token (GitHub says 401 Bad credentials)")
    assert "GITHUB_TOKEN: ${{ github.token }}" in (error.hint if error else uploading.said)
    assert error is None or error.exit_code == 2
    assert "ghs_expired" not in uploading.said + repr(uploading.state)


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
def test_githubs_words_for_a_403_are_understood(uploading: Uploading, github: GitHub, words: str, reason: str) -> None:
    github.fault("POST", answers(*message(403, words)))
    assert uploading.run() is None
    assert reason in uploading.outcome()[1]


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
    uploading: Uploading, github: GitHub, context: CiContext, reason: str, mode: Mode
) -> None:
    github.permitted = False
    uploading.context = context
    error = uploading.run(mode)
    assert uploading.outcome() == ("skipped", reason)
    assert (error is None) == (mode == "auto")
    assert error is None or (error.exit_code, error.message) == (2, f"nothing is uploaded, because {reason}")


def test_a_fork_or_dependabot_with_a_token_that_may_write_is_served(uploading: Uploading, github: GitHub) -> None:
    uploading.context = replace(PROPOSAL, from_fork=True, actor="dependabot[bot]", revision="2" * 40)
    uploading.env = {"GITHUB_REF": "refs/pull/5/merge"}
    assert uploading.run("always") is None
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
    uploading: Uploading, github: GitHub, case: str, mode: Mode
) -> None:
    uploading.env, uploading.context, reason, hint = HINDRANCES[case]
    error = uploading.run(mode)
    status, why = uploading.outcome()
    assert (status, reason in why) == ("skipped", True), why
    assert github.server.seen == []
    [action] = [action for action in uploading.step(mode).plan(uploading.state) if action.kind != "write"]
    assert (action.kind, reason in action.summary) == ("decide", True)
    if mode == "auto":
        assert error is None
        assert f"skipped because {why}" in uploading.said
    else:
        assert isinstance(error, UsageError)
        assert hint in error.hint


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("status", [400, 422])
def test_a_rejected_report_is_an_error_either_way(
    uploading: Uploading, github: GitHub, mode: Mode, status: int
) -> None:
    github.fault("POST", answers(*message(status, "Invalid SARIF: rule index")))
    error = uploading.run(mode)
    assert isinstance(error, RemoteError)
    assert error.message == "GitHub rejects the SARIF: Invalid SARIF: rule index"
    assert uploading.outcome() == ("failed", error.message)
    assert github.server.count("POST") == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_report_that_is_too_large_says_how_large(uploading: Uploading, github: GitHub, mode: Mode) -> None:
    github.fault("POST", answers(*message(413, "SARIF file is too large")))
    error = uploading.run(mode)
    assert isinstance(error, RemoteError)
    assert "too large for GitHub, 0.0 MB gzipped: SARIF file is too large" in error.message
    assert "10 MB" in error.hint


@pytest.mark.parametrize("mode", MODES)
def test_a_report_that_cant_be_processed_is_an_error_either_way(
    uploading: Uploading, github: GitHub, mode: Mode
) -> None:
    github.errors = ("rejecting SARIF,\n::error::as there is\x1b[31m no reason", github.token)
    error = uploading.run(mode)
    assert isinstance(error, RemoteError)
    said = "rejecting SARIF, : :error::as there is no reason; ***"
    assert error.message == f"GitHub couldn't process the SARIF: {said}"
    assert uploading.outcome()[0] == "failed"
