"""Keyless logins to ACR, Google and Docker Hub, against strict servers."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tests.harness.cloud import ACCOUNT, CLIENT, CONNECTION, REGISTRY, SUBJECT, TENANT, WORKLOAD, Cloud
from tests.harness.logins import auth, desk
from tests.harness.proxy import Answer, Exchange, answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.config.options import AuthOptions

ACR = auth("acr", tenant_id=TENANT, client_id=CLIENT)
GOOGLE = auth("google", workload_identity_provider=WORKLOAD)
AS_ACCOUNT = replace(GOOGLE, service_account=ACCOUNT)
HUB = auth("docker-hub", username="acme", connection_id=CONNECTION)
GAR = "europe-docker.pkg.dev"
LOGINS = {
    "acr": (REGISTRY, ACR, "api://AzureADTokenExchange"),
    "google": (GAR, GOOGLE, f"https://iam.googleapis.com/{WORKLOAD}"),
    "google as an account": (GAR, AS_ACCOUNT, f"https://iam.googleapis.com/{WORKLOAD}"),
    "docker-hub": ("docker.io", HUB, "https://identity.docker.com"),
}
EACH = pytest.mark.parametrize(("host", "stated"), [login[:2] for login in LOGINS.values()], ids=LOGINS)
WITH_AUDIENCE = pytest.mark.parametrize(("host", "stated", "audience"), LOGINS.values(), ids=LOGINS)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud().running() as running:
        yield running


@pytest.mark.parametrize(
    ("login", "user", "canary", "life"),
    [
        ("acr", "00000000-0000-0000-0000-000000000000", "ey", 3 * 3600),
        ("google", "oauth2accesstoken", "ya29.federated-canary", 3600),
        ("google as an account", "oauth2accesstoken", "ya29.account-canary", None),
        ("docker-hub", "acme", "dckr-canary", 1200),
    ],
)
def test_a_job_logs_in_by_its_token(cloud: Cloud, login: str, user: str, canary: str, life: int | None) -> None:
    host, stated, _ = LOGINS[login]
    with desk(cloud.github_env(), {host: stated}, cloud.endpoints) as it:
        credential = it.resolve(host)
    assert credential is not None
    assert credential.username == user
    assert credential.password.startswith(canary)
    assert credential.expires_at is not None
    assert abs(credential.expires_at - (time.time() + life if life else 4102444799)) < 10
    assert it.leaks(cloud.secrets) == []


@WITH_AUDIENCE
def test_gitlabs_token_comes_by_a_variable(cloud: Cloud, host: str, stated: AuthOptions, audience: str) -> None:
    usual = f"{stated.provider.upper().replace('-', '_')}_ID_TOKEN"
    for name, options in ((usual, stated), ("MY_TOKEN", replace(stated, id_token_env="MY_TOKEN"))):
        cloud.secrets.clear()
        env = {"CI": "true", "GITLAB_CI": "true", name: cloud.id_token(audience)}
        with desk(env, {host: options}, cloud.endpoints) as it:
            assert it.resolve(host) is not None
        assert it.leaks(cloud.secrets) == []


@WITH_AUDIENCE
def test_each_login_takes_a_token_of_its_own(cloud: Cloud, host: str, stated: AuthOptions, audience: str) -> None:
    with desk(cloud.github_env(), {host: stated}, cloud.endpoints) as it:
        first, second = it.resolve(host), it.resolve(host)
    assert first != second
    assert cloud.server.count("GET", "/github/") == 2
    assert all(f"audience={audience.replace(':', '%3A').replace('/', '%2F')}" in e.path for e in cloud.server.seen[:1])


@EACH
@pytest.mark.parametrize("fault", ["429", "503", "reply lost"])
def test_a_busy_service_is_asked_again_with_a_new_token(
    cloud: Cloud, host: str, stated: AuthOptions, fault: str
) -> None:
    cloud.server.rules.clear()
    if fault == "reply lost":
        cloud.lost = 1
    else:
        cloud.server.rule("POST", "", answers(int(fault), {"Retry-After": "2"}))
    cloud.restore()
    with desk(cloud.github_env(), {host: stated}, cloud.endpoints) as it:
        assert it.resolve(host) is not None
    assert cloud.server.count("GET", "/github/") == 2
    assert it.leaks(cloud.secrets) == []


@WITH_AUDIENCE
def test_who_isnt_trusted_is_told_by_which_claims(cloud: Cloud, host: str, stated: AuthOptions, audience: str) -> None:
    cloud.subject = "repo:somebody/else:ref:refs/heads/main"
    with desk(cloud.github_env(), {host: stated}, cloud.endpoints) as it:
        error = it.refusal(host)
    assert error.exit_code == 4
    assert f"sub {SUBJECT}, aud {audience}, iss https://token.actions.githubusercontent.com" in error.message
    assert "subject" in error.message
    assert error.hint
    assert it.leaks(cloud.secrets) == []


@WITH_AUDIENCE
def test_a_wrong_audience_is_told(cloud: Cloud, host: str, stated: AuthOptions, audience: str) -> None:
    env = {"CI": "true", "GITLAB_CI": "true", "TOKEN": cloud.id_token("https://gitlab.example.com")}
    with desk(env, {host: replace(stated, id_token_env="TOKEN")}, cloud.endpoints) as it:
        error = it.refusal(host)
    assert error.exit_code == 4
    assert "aud https://gitlab.example.com" in error.message
    assert audience in error.hint or stated.provider == "docker-hub"
    assert it.leaks(cloud.secrets) == []


@WITH_AUDIENCE
def test_a_token_that_expired_goes_nowhere(cloud: Cloud, host: str, stated: AuthOptions, audience: str) -> None:
    cloud.life = -60
    env = {"CI": "true", "GITLAB_CI": "true", "TOKEN": cloud.id_token(audience)}
    with desk(env, {host: replace(stated, id_token_env="TOKEN")}, cloud.endpoints) as it:
        error = it.refusal(host)
    assert error.exit_code == 2
    assert "expired 6" in error.message
    assert "timeout" in error.hint
    assert cloud.server.seen == []
    assert it.leaks(cloud.secrets) == []


@pytest.mark.parametrize(
    ("host", "stated", "words", "hint"),
    [
        (REGISTRY, replace(ACR, tenant_id="other"), "AADSTS90002", "federated credential"),
        (REGISTRY, replace(ACR, client_id="other"), "AADSTS700016", "application other"),
        ("other.azurecr.io", ACR, "other.azurecr.io gives the application no login", "AcrPush"),
        (
            GAR,
            replace(GOOGLE, workload_identity_provider="projects/2/x"),
            "Invalid value for audience",
            "projects/2/x",
        ),
        (GAR, replace(GOOGLE, service_account="x@y"), "may not act as x@y", "roles/iam.workloadIdentityUser"),
        ("docker.io", replace(HUB, connection_id="other"), "connection not found", "connection other"),
    ],
)
def test_what_is_wrong_is_named(cloud: Cloud, host: str, stated: AuthOptions, words: str, hint: str) -> None:
    with desk(cloud.github_env(), {host: stated}, cloud.endpoints) as it:
        error = it.refusal(host)
    assert (error.exit_code, words in error.message, hint in error.hint) == (4, True, True), (error, error.hint)
    assert it.leaks(cloud.secrets) == []


@WITH_AUDIENCE
def test_without_the_permission_the_job_is_told_so(
    cloud: Cloud, host: str, stated: AuthOptions, audience: str
) -> None:
    cloud.granted = False
    for event, fork in (("push", False), ("pull_request", True)):
        env = {**cloud.github_env(), "GITHUB_EVENT_NAME": event}
        with desk(env, {host: stated}, cloud.endpoints) as it:
            error = it.refusal(host)
        assert (error.exit_code, "permissions: id-token: write" in error.hint) == (2, True)
        assert ("fork" in error.hint) is fork
    with desk({"CI": "true", "GITLAB_CI": "true"}, {host: stated}, cloud.endpoints) as it:
        assert f"_ID_TOKEN: {{ aud: {audience} }}" in it.refusal(host).hint
    assert cloud.server.seen == []


@EACH
def test_on_a_laptop_the_link_passes_on(cloud: Cloud, host: str, stated: AuthOptions) -> None:
    with desk({}, {host: stated}, cloud.endpoints) as it:
        assert it.resolve(host) is None
    assert cloud.server.seen == []


@EACH
@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b"<html>", b'{"access_token": 1}', b'{"refresh_token": "a\\nb"}', b"x" * 70_000]
)
def test_nonsense_for_a_token_is_refused(cloud: Cloud, host: str, stated: AuthOptions, answer: bytes) -> None:
    cloud.server.rules.clear()
    cloud.server.rule("POST", "", answers(200, body=answer), times=99)
    cloud.restore()
    with desk(cloud.github_env(), {host: stated}, cloud.endpoints) as it:
        assert it.refusal(host).exit_code == 4
    assert it.leaks(cloud.secrets) == []


@pytest.mark.parametrize(
    ("login", "service", "life"),
    [("google", "google-sts", 300), ("google as an account", "google-iam", 300), ("docker-hub", "hub", 3600)],
)
def test_a_life_that_isnt_said_is_short(cloud: Cloud, login: str, service: str, life: int) -> None:
    host, stated, _ = LOGINS[login]
    cloud.answers[service] = {"expires_in": None, "expireTime": None}
    with desk(cloud.github_env(), {host: stated}, cloud.endpoints) as it:
        credential = it.resolve(host)
    assert credential is not None
    assert credential.expires_at is not None
    assert abs(credential.expires_at - time.time() - life) < 10


@pytest.mark.parametrize("before", ["", "x" * 290])
def test_a_secret_in_a_services_words_isnt_repeated(cloud: Cloud, before: str) -> None:
    def echo(exchange: Exchange) -> None:
        token = parse_qs(exchange.body.decode())["client_assertion"][0]
        words = {"error_description": f"::error:: {before}{token}"}
        exchange.answer(Answer(400, {}, json.dumps(words).encode()))

    cloud.server.rules.clear()
    cloud.server.rule("POST", "", echo)
    cloud.restore()
    with desk(cloud.github_env(), {REGISTRY: ACR}, cloud.endpoints) as it:
        error = it.refusal(REGISTRY)
    assert "::error::" not in error.message
    assert "eyJ" not in error.message
    assert it.leaks(cloud.secrets) == []


def test_a_token_is_asked_for_by_https_alone(cloud: Cloud) -> None:
    env = {**cloud.github_env(), "ACTIONS_ID_TOKEN_REQUEST_URL": "http://actions.example.com/token?a=b"}
    with desk(env, {REGISTRY: ACR}, cloud.endpoints) as it:
        assert "only https" in it.refusal(REGISTRY).message
