"""Who is asked for a login, in which order, and what a job is told that lacks something."""

from __future__ import annotations

import base64
import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.errors import UsageError
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.credentials import ANONYMOUS, Chain, Credential
from ci_toolkit.registry.keychains.ecr_host import EcrHost, parse_host
from ci_toolkit.registry.keychains.identity import JobIdentity, expiry
from ci_toolkit.registry.keychains.web import Web, lifetime
from tests.harness.logins import auth, desk
from tests.harness.logins_at_hand import Configured

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.config.options import AuthOptions

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3),
)
GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat", "GITHUB_TOKEN": "ghs-canary"}
GITLAB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_REGISTRY": "registry.gitlab.com",
    "CI_REGISTRY_USER": "gitlab-ci-token",
    "CI_REGISTRY_PASSWORD": "job-canary",
    "CI_DEPENDENCY_PROXY_SERVER": "gitlab.com:443",
    "CI_DEPENDENCY_PROXY_USER": "proxy-user",
    "CI_DEPENDENCY_PROXY_PASSWORD": "proxy-canary",
}
STATED = auth("login", username="me", password="stated-canary")
OCTOCAT = Credential("octocat", "ghs-canary")
JOB = Credential("gitlab-ci-token", "job-canary")
PROXY = Credential("proxy-user", "proxy-canary")
FILE = Credential("file", "file-canary")


@pytest.mark.parametrize(
    ("env", "stated", "host", "login"),
    [
        (GITHUB, STATED, "ghcr.io", Credential("me", "stated-canary")),
        (GITHUB, None, "ghcr.io", OCTOCAT),
        (GITHUB, auth("github"), "ghcr.io", OCTOCAT),
        (GITHUB, auth("anonymous"), "ghcr.io", None),
        (GITHUB, None, "docker.io", FILE),
        (GITHUB, None, "ghcr.io.evil.test", None),
        ({**GITHUB, "GITHUB_ACTOR": ""}, None, "ghcr.io", Credential("x-access-token", "ghs-canary")),
        ({"GITHUB_TOKEN": "ghs-canary"}, None, "ghcr.io", FILE),
        ({"GITHUB_TOKEN": "ghs-canary"}, auth("github"), "ghcr.io", Credential("x-access-token", "ghs-canary")),
        ({}, auth("github"), "ghcr.io", FILE),
        (
            {**GITHUB, "GITHUB_SERVER_URL": "https://ghe.example.com"},
            auth("github"),
            "containers.ghe.example.com",
            OCTOCAT,
        ),
        (GITLAB, None, "registry.gitlab.com", JOB),
        (GITLAB, auth("gitlab"), "registry.gitlab.com", JOB),
        (GITLAB, STATED, "registry.gitlab.com", Credential("me", "stated-canary")),
        (GITLAB, None, "gitlab.com:443", PROXY),
        (GITLAB, None, "gitlab.com", PROXY),
        (GITLAB, None, "registry.gitlab.com.evil.test", None),
        (GITLAB, None, "ghcr.io", FILE),
        ({**GITLAB, "GITLAB_CI": ""}, None, "registry.gitlab.com", None),
        ({**GITLAB, "CI_REGISTRY_PASSWORD": ""}, None, "registry.gitlab.com", None),
        ({**GITLAB, "CI_REGISTRY_USER": ""}, None, "registry.gitlab.com", JOB),
        ({}, auth("gitlab"), "registry.example.com", None),
        ({"AWS_ACCESS_KEY_ID": "a"}, None, "1.dkr.ecr.eu-central-1.amazonaws.com", None),
    ],
)
def test_the_first_answer_counts(
    env: dict[str, str], stated: AuthOptions | None, host: str, login: Credential | None, tmp_path: Path
) -> None:
    file = {"auth": base64.b64encode(b"file:file-canary").decode()}
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": {"ghcr.io": file, "https://index.docker.io/v1/": file}})
    )
    with desk({"DOCKER_CONFIG": str(tmp_path), **env}, {host: stated} if stated else {}) as it:
        assert it.resolve(host) == login
    assert "canary" not in "".join(it.shown)


@pytest.mark.parametrize(
    ("env", "provider", "host", "words", "hint"),
    [
        ({**GITHUB, "GITHUB_TOKEN": ""}, "github", "ghcr.io", "GITHUB_TOKEN isn't set", "packages: write"),
        (GITHUB, "github", "ghcr.io.evil.test", "for ghcr.io, not for", "another login"),
        ({**GITHUB, "GITHUB_SERVER_URL": "https://github.com"}, "github", "containers.github.com", "not for", "login"),
        (GITLAB, "gitlab", "registry.example.com", "registry.gitlab.com and gitlab.com:443, not", "deploy token"),
        ({"CI": "true"}, "gitlab", "registry.example.com", "CI_REGISTRY isn't set", "container registry"),
    ],
)
def test_a_job_that_lacks_something_is_told(
    env: dict[str, str], provider: str, host: str, words: str, hint: str
) -> None:
    with desk(env, {host: auth(provider)}) as it:  # type: ignore[arg-type]
        error = it.refusal(host)
    assert isinstance(error, UsageError)
    assert (words in error.message, hint in error.hint) == (True, True), (error, error.hint)
    assert "canary" not in "".join(it.shown)


@pytest.mark.parametrize(
    ("env", "provider", "words"),
    [
        ({"CI": "true", "ACR_ID_TOKEN": "no token"}, "acr", "ACR_ID_TOKEN holds no OIDC token"),
        ({"CI": "true", "ACR_ID_TOKEN": "a.b.c"}, "acr", "ACR_ID_TOKEN holds no OIDC token"),
        ({"CI": "true", "ACR_ID_TOKEN": "é.é.é"}, "acr", "ACR_ID_TOKEN holds no OIDC token"),
        ({"CI": "true"}, "google", "GOOGLE_ID_TOKEN isn't set"),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "docker-hub", "may not ask for an OIDC token"),
    ],
)
def test_an_identity_that_isnt_there_is_told(env: dict[str, str], provider: str, words: str) -> None:
    with desk(env, {"docker.io": auth(provider)}) as it:  # type: ignore[arg-type]
        error = it.refusal("docker.io")
    assert (error.exit_code, words in error.message) == (2, True), error
    assert error.hint


def test_a_variable_that_is_named_must_be_there() -> None:
    options = auth("acr", tenant_id="t", client_id="c", id_token_env="MINE")
    with desk({}, {"r.azurecr.io": options}) as it:
        error = it.refusal("r.azurecr.io")
    assert (error.message, "api://AzureADTokenExchange" in error.hint) == (
        "MINE, named by `id-token-env`, isn't set",
        True,
    )


@given(st.one_of(st.text(), st.binary().map(lambda data: f"a.{base64.urlsafe_b64encode(data).decode()}.c")))
def test_whatever_a_variable_holds_it_is_a_token_or_refused(text: str) -> None:
    env, redact = {"CI": "true", "TOKEN": text}, Redactor()
    identity = JobIdentity(env, Web(env, redact), redact)
    token = None
    with suppress(UsageError):
        token = identity.token("aud", variable="TOKEN", usual="OTHER")
    assert token is None or (token.value == text.strip() and token.value not in f"{token!r} {token}")


@given(st.dictionaries(st.sampled_from(["exp", "sub", "aud", "iss"]), JSON))
def test_whatever_a_token_claims_it_is_read(claims: dict[str, object]) -> None:
    value = f"a.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.c"
    ends = expiry(value)
    assert ends is None or 0 < ends < 1e12


@given(JSON)
def test_a_lifetime_is_finite_whatever_a_service_says(value: object) -> None:
    assert 0 < lifetime(value, 300.0) < math.inf


def test_docker_hubs_login_is_for_docker_hub() -> None:
    with desk({"CI": "true"}, {"ghcr.io": auth("docker-hub", username="a", connection_id="b")}) as it:
        assert "docker.io, not of ghcr.io" in it.refusal("ghcr.io").message


def test_nobody_is_an_answer_too() -> None:
    chain = Chain([Configured({"r.test": ANONYMOUS}), Configured({"r.test": OCTOCAT, "other.test": OCTOCAT})])
    assert (chain.resolve("r.test"), chain.resolve("other.test")) == (None, OCTOCAT)


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", EcrHost("123456789012", "eu-central-1")),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", EcrHost("123456789012", "cn-north-1")),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", EcrHost("123456789012", "us-gov-west-1")),
        ("123456789012.dkr-ecr.us-east-1.on.aws", EcrHost("123456789012", "us-east-1")),
        ("public.ecr.aws", EcrHost("", "us-east-1")),
        ("12345678901.dkr.ecr.eu-central-1.amazonaws.com", None),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.test", None),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com:443", None),
        ("123456789012.dkr.ecr.evil.test/.amazonaws.com", None),
        ("evil.public.ecr.aws", None),
        ("١٢٣٤٥٦٧٨٩٠١٢.dkr.ecr.eu-central-1.amazonaws.com", None),
    ],
)
def test_hosts_of_ecr(host: str, place: EcrHost | None) -> None:
    assert parse_host(host) == place


@given(st.from_regex(r"\A[0-9]{12}\Z"), st.sampled_from(["eu-central-1", "us-gov-west-1"]), st.text(max_size=20))
def test_nothing_can_be_hung_on_a_host_of_ecr(account: str, region: str, text: str) -> None:
    host = f"{account}.dkr.ecr.{region}.amazonaws.com"
    assert parse_host(host) == EcrHost(account, region)
    assert parse_host(f"{host}{text}") in (EcrHost(account, region), None)
    assert parse_host(f"{host}{text}") is None or text in ("", ".cn")


def test_the_public_registrys_alias_is_no_part_of_a_repositorys_name() -> None:
    assert EcrHost("", "us-east-1").repository("alias/team/app") == "team/app"
    assert EcrHost("1", "us-east-1").repository("team/app") == "team/app"
