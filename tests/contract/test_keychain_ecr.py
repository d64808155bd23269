"""Logins to ECR: against a strict AWS, and moto where repositories are concerned."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from ci_toolkit.registry.keychains.ecr import RepositorySettings
from tests.harness.aws import ACCOUNT, HOST, PUBLIC, ROLE, Aws, running_aws
from tests.harness.cloud import SUBJECT
from tests.harness.logins import auth, desk

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_ROLE = auth("ecr", role=ROLE)
AT_HAND = auth("ecr")
JOB = {"CI": "true", "GITLAB_CI": "true"}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running_aws() as running:
        yield running


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.parametrize("host", [HOST, PUBLIC])
def test_a_job_assumes_its_role(aws: Aws, host: str) -> None:
    with desk({**aws.cloud.github_env(), **aws.env}, {host: BY_ROLE}) as it:
        credential = it.resolve(host)
    assert credential is not None
    assert credential.username == "AWS"
    assert credential.password.startswith("ecr-canary")
    assert credential.expires_at is not None
    assert abs(credential.expires_at - time.time() - 12 * 3600) < 10
    assert aws.asked[0] == "AssumeRoleWithWebIdentity"
    assert it.leaks(aws.cloud.secrets) == []


def test_the_role_serves_until_its_hour_is_up(aws: Aws) -> None:
    with desk({**aws.cloud.github_env(), **aws.env}, {HOST: BY_ROLE, PUBLIC: BY_ROLE}) as it:
        logins = [it.resolve(HOST), it.resolve(HOST), it.resolve(PUBLIC)]
    assert len({login.password for login in logins if login}) == 3
    assert aws.asked.count("AssumeRoleWithWebIdentity") == 1


@pytest.mark.parametrize("variable", [None, "AWS_TOKEN"])
def test_gitlabs_token_comes_by_a_variable(aws: Aws, variable: str | None) -> None:
    env = {**JOB, **aws.env, variable or "ECR_ID_TOKEN": aws.cloud.id_token("sts.amazonaws.com")}
    with desk(env, {HOST: replace(BY_ROLE, id_token_env=variable)}) as it:
        assert it.resolve(HOST) is not None
    assert it.leaks(aws.cloud.secrets) == []


@pytest.mark.parametrize("stated", [{}, {HOST: AT_HAND}], ids=["unasked", "stated"])
def test_credentials_at_hand_are_taken(aws: Aws, stated: dict[str, object]) -> None:
    with desk({**JOB, **aws.env, **aws.own_keys()}, stated) as it:  # type: ignore[arg-type]
        assert it.resolve(HOST) is not None
        assert it.resolve("registry.example.com") is None
    assert aws.asked == ["AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"]
    assert it.leaks(aws.cloud.secrets) == []


def test_nothing_is_asked_where_nothing_is_at_hand(aws: Aws) -> None:
    with desk({**JOB, **aws.env}) as it:
        assert it.resolve(HOST) is None
    assert aws.asked == []


def test_on_a_laptop_the_users_own_credentials_serve_in_the_roles_place(aws: Aws) -> None:
    with desk({**aws.env, **aws.own_keys()}, {HOST: BY_ROLE}) as it:
        assert it.resolve(HOST) is not None
    assert "AssumeRoleWithWebIdentity" not in aws.asked


@pytest.mark.parametrize(
    ("role", "claims", "code", "words"),
    [
        (ROLE, {"sub": "repo:somebody/else"}, "AccessDenied", "sub repo:somebody/else, aud sts.amazonaws.com"),
        (
            ROLE,
            {"aud": "https://gitlab.test"},
            "InvalidIdentityToken: Incorrect token audience",
            "aud https://gitlab.t",
        ),
        (f"{ROLE}-other", {}, "AccessDenied", f"sub {SUBJECT}"),
    ],
)
def test_a_role_that_cant_be_assumed(aws: Aws, role: str, claims: dict[str, str], code: str, words: str) -> None:
    env = {**JOB, **aws.env, "ECR_ID_TOKEN": aws.cloud.id_token("sts.amazonaws.com", **claims)}
    with desk(env, {HOST: auth("ecr", role=role)}) as it:
        error = it.refusal(HOST)
    assert (error.exit_code, f"the job can't assume {role}: {code}" in error.message) == (4, True), error
    assert words in error.message
    assert f"trust policy of {role}" in error.hint
    assert it.leaks(aws.cloud.secrets) == []


def test_a_role_without_the_right_to_log_in(aws: Aws) -> None:
    aws.may_log_in = False
    for host, right in ((HOST, "ecr:GetAuthorizationToken"), (PUBLIC, "sts:GetServiceBearerToken")):
        with desk({**aws.cloud.github_env(), **aws.env}, {host: BY_ROLE}) as it:
            error = it.refusal(host)
        assert (error.exit_code, right in error.hint, "AccessDeniedException" in error.message) == (4, True, True)


def test_credentials_that_ended(aws: Aws) -> None:
    env = {**JOB, **aws.env, **aws.own_keys(), "AWS_SESSION_TOKEN": "another-session-canary"}
    with desk(env) as it:
        error = it.refusal(HOST)
    assert "UnrecognizedClientException" in error.message
    assert "renew them" in error.hint
    assert it.leaks(["another-session-canary"]) == []


def test_what_is_missing_is_told_before_anything_is_asked(aws: Aws) -> None:
    aws.cloud.granted = False
    for env, options, hint in (
        (aws.cloud.github_env(), BY_ROLE, "permissions: id-token: write"),
        (JOB, BY_ROLE, "id_tokens: { ECR_ID_TOKEN: { aud: sts.amazonaws.com } }"),
        (JOB, AT_HAND, "state a `role`"),
    ):
        with desk({**env, **aws.env}, {HOST: options}) as it:
            error = it.refusal(HOST)
        assert (error.exit_code, hint in error.hint) == (2, True), error.hint
    with desk(JOB, {"ghcr.io": BY_ROLE}) as it:
        assert it.refusal("ghcr.io").exit_code == 2
    assert aws.asked == []


def test_a_profile_that_isnt_there(aws: Aws) -> None:
    with desk({**JOB, **aws.env, "AWS_PROFILE": "nowhere"}) as it:
        error = it.refusal(HOST)
    assert (error.exit_code, "profile (nowhere) could not be found" in error.message) == (4, True), error


def test_a_service_that_isnt_there(aws: Aws) -> None:
    env = {**aws.cloud.github_env(), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with desk(env, {HOST: BY_ROLE}) as it:
        error = it.refusal(HOST)
    assert (error.exit_code, "Could not connect" in error.message) == (4, True), error
    assert it.leaks(aws.cloud.secrets) == []


def test_without_botocore_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['botocore'] = None\n"
        "from tests.harness.logins import auth, desk\n"
        f"with desk({JOB!r}, {{{HOST!r}: auth('ecr')}}) as it:\n"
        f"    error = it.refusal({HOST!r})\n"
        "    print(error.exit_code, error.hint)\n"
        f"with desk({{}}, {{{HOST!r}: auth('ecr')}}) as it:\n"
        f"    print(it.resolve({HOST!r}))\n"
        "with desk({'AWS_ACCESS_KEY_ID': 'a', 'AWS_SECRET_ACCESS_KEY': 'b'}) as it:\n"
        f"    print(it.resolve({HOST!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["2 install the extra: pip install 'ci-toolkit[ecr]'", "None", "None"], (
        done.stderr
    )


def test_repositories_are_created_and_described(moto: str, aws: Aws) -> None:
    env = {**JOB, **aws.own_keys(), "AWS_ENDPOINT_URL": moto}
    with desk(env, {HOST: AT_HAND}) as it:
        logins = it.logins
        assert logins.repository_settings(HOST, "team/app") == RepositorySettings(exists=False)
        assert logins.create_repository(HOST, "team/app")
        assert logins.create_repository(HOST, "team/app")
        assert logins.repository_settings(HOST, "team/app") == RepositorySettings(exists=True)
        assert not logins.create_repository("ghcr.io", "team/app")
        assert logins.repository_settings("ghcr.io", "team/app") is None


def test_a_life_that_ended_long_ago_is_taken_for_twelve_hours(moto: str, aws: Aws) -> None:
    """moto says 2015."""
    env = {**aws.cloud.github_env(), "AWS_ENDPOINT_URL": moto}
    with desk(env, {HOST: BY_ROLE}) as it:
        credential = it.resolve(HOST)
    assert credential is not None
    assert (credential.username, credential.password) == ("AWS", f"{ACCOUNT}-auth-token")
    assert credential.expires_at is not None
    assert abs(credential.expires_at - time.time() - 12 * 3600) < 10
