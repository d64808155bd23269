"""Pushing to registries that want to know who asks: htpasswd, tokens, TLS, and hostile token services."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import RemoteError, ToolkitError
from ci_toolkit.model.reference import Repository
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.keychains.chain import Logins
from tests.harness.proxy import FaultServer, answers, changes, forgets_login
from tests.harness.pushing import destinations, repository_for
from tests.harness.registry import PASSWORD, USER, Issuer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from tests.harness.registry import Registry

LOGIN = Credential(USER, PASSWORD)
TAGS = ("1.0", "latest")
BLOBS = 8


@pytest.fixture
def proxy(by_token: Registry) -> Iterator[FaultServer]:
    with FaultServer(by_token.host).running() as running:
        yield running


def test_basic(htpasswd: Registry, image: tuple[Layout, Descriptor], tmp_path: Path) -> None:
    with destinations(login=LOGIN, hosts=(htpasswd.host,)) as there:
        to = repository_for(htpasswd.host, tmp_path)
        assert there.push(to, *image, TAGS).uploaded == BLOBS
        assert sorted(there.repository(to).tags()) == sorted(TAGS)


@pytest.mark.parametrize(
    ("login", "words"),
    [(None, "there is none for it"), (Credential(USER, "wrong-password"), "401 Unauthorized")],
)
def test_a_refused_login_is_named_and_not_tried_again(
    htpasswd: Registry, image: tuple[Layout, Descriptor], tmp_path: Path, login: Credential | None, words: str
) -> None:
    with (
        FaultServer(htpasswd.host).running() as proxy,
        destinations(login=login, hosts=(proxy.host,)) as there,
        pytest.raises(HttpError, match=words) as caught,
    ):
        there.push(repository_for(proxy.host, tmp_path), *image, TAGS)
    assert (caught.value.status, caught.value.exit_code) == (401, 4)
    assert caught.value.hint
    assert "wrong-password" not in f"{caught.value} {caught.value.hint}"
    assert len(proxy.seen) <= 3


def test_tls(tls: Registry, image: tuple[Layout, Descriptor], tmp_path: Path) -> None:
    env = {"SSL_CERT_FILE": str(tls.certificate)}
    with destinations(env=env, login=LOGIN, hosts=(tls.host,)) as there:
        assert there.push(repository_for(tls.host, tmp_path), *image, TAGS).uploaded == BLOBS


def test_an_unknown_certificate_is_refused_at_once(
    tls: Registry, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    with (
        destinations(login=LOGIN, hosts=(tls.host,)) as there,
        pytest.raises(RemoteError, match=r"TLS failed.*certificate verify failed") as caught,
    ):
        there.push(repository_for(tls.host, tmp_path), *image, TAGS)
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint


def test_one_token_serves_a_whole_push(
    by_token: Registry, issuer: Issuer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    to = repository_for(by_token.host, tmp_path)
    with destinations(login=LOGIN, hosts=(by_token.host,)) as there:
        assert there.push(to, *image, TAGS).uploaded == BLOBS
    assert issuer.asked == [{"scopes": [f"repository:{to.path}:pull,push"], "user": USER, "status": 200}]


def test_mounting_asks_for_both_repositories(
    by_token: Registry, issuer: Issuer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    one = repository_for(by_token.host, tmp_path)
    other = Repository(one.registry, f"{one.path}-other")
    with destinations(login=LOGIN, hosts=(by_token.host,)) as there:
        there.push(one, *image, TAGS)
        assert there.push(other, *image, TAGS).mounted == BLOBS
    both = {f"repository:{one.path}:pull", f"repository:{other.path}:pull,push"}
    assert both in [set(a["scopes"]) for a in issuer.asked]


@pytest.mark.parametrize(
    ("method", "path"),
    [("HEAD", "/blobs/"), ("POST", "/uploads/"), ("PUT", "digest="), ("PUT", "sha256:"), ("PUT", "/1.0")],
)
def test_a_token_that_expires_during_a_push_is_renewed(
    proxy: FaultServer, issuer: Issuer, image: tuple[Layout, Descriptor], tmp_path: Path, method: str, path: str
) -> None:
    proxy.rule(method, path, forgets_login)
    to = repository_for(proxy.host, tmp_path)
    with destinations(login=LOGIN, hosts=(proxy.host,)) as there:
        assert there.push(to, *image, TAGS).uploaded == BLOBS
        assert sorted(there.repository(to).tags()) == sorted(TAGS)
    assert len([a for a in issuer.asked if a["scopes"] == [f"repository:{to.path}:pull,push"]]) == 2


def test_a_login_that_stops_working_ends_the_push(
    proxy: FaultServer, issuer: Issuer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    proxy.rule("PUT", "digest=", forgets_login, times=1000)
    with (
        destinations(login=LOGIN, hosts=(proxy.host,)) as there,
        pytest.raises(HttpError, match="UNAUTHORIZED"),
    ):
        there.push(repository_for(proxy.host, tmp_path), *image, TAGS)
    assert all(a["status"] == 200 for a in issuer.asked)
    assert len(issuer.asked) < 12


def test_without_a_login_pulling_may_be_allowed_and_pushing_not(
    by_token: Registry, issuer: Issuer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    issuer.anonymous = True
    to = repository_for(by_token.host, tmp_path)
    with destinations() as there:
        assert there.find_previous(to, "1.0") is None
        with pytest.raises(HttpError, match="UNAUTHORIZED") as caught:
            there.push(to, *image, TAGS)
    assert "docker login" in caught.value.hint


def test_a_wrong_login_is_refused_by_the_token_service(
    by_token: Registry, issuer: Issuer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    login = replace(LOGIN, password="not-the-password")
    with (
        destinations(login=login, hosts=(by_token.host,)) as there,
        pytest.raises(HttpError, match="no such login") as caught,
    ):
        there.push(repository_for(by_token.host, tmp_path), *image, TAGS)
    assert caught.value.exit_code == 4
    assert [a["status"] for a in issuer.asked] == [401]


@pytest.mark.parametrize(
    "realm",
    ["file:///etc/passwd", "ftp://127.0.0.1/token", "", "token", "http://user:pw@127.0.0.1/token", "http://[::1/"],
)
def test_a_hostile_realm_is_refused(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path, realm: str
) -> None:
    proxy.rule("HEAD", "", changes(www_authenticate=f'Bearer realm="{realm}",service="test-registry"'), times=99)
    with (
        destinations(login=LOGIN, hosts=(proxy.host,)) as there,
        pytest.raises(HttpError, match="refused") as caught,
    ):
        there.push(repository_for(proxy.host, tmp_path), *image, TAGS)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "body",
    [b"x" * 70_000, b"{}", b"[]", b'{"token": 1}', '{"token": "é"}'.encode(), b'{"token": "a\\r\\nX-Evil: 1"}', b"["],
    ids=["too large", "empty", "list", "number", "not ascii", "header in it", "no JSON"],
)
def test_nonsense_for_a_token_is_refused(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path, body: bytes
) -> None:
    with FaultServer().running() as service:
        service.rule("GET", "/token", answers(200, body=body), times=99)
        challenge = f'Bearer realm="http://{service.host}/token",service="test-registry"'
        proxy.rule("HEAD", "", changes(www_authenticate=challenge), times=99)
        with (
            destinations(login=LOGIN, hosts=(proxy.host,)) as there,
            pytest.raises(HttpError, match=r"without a token|more than the 65536 bytes"),
        ):
            there.push(repository_for(proxy.host, tmp_path), *image, TAGS)


def test_a_token_service_that_is_busy_is_asked_again(
    proxy: FaultServer, issuer: Issuer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    with FaultServer(issuer.realm.partition("//")[2].partition("/")[0]).running() as busy:
        busy.rule("GET", "/token", answers(429, {"Retry-After": "1"}))
        challenge = f'Bearer realm="http://{busy.host}/token",service="test-registry"'
        proxy.rule("HEAD", "", changes(www_authenticate=challenge), times=99)
        with destinations(login=LOGIN, hosts=(proxy.host,)) as there:
            assert there.push(repository_for(proxy.host, tmp_path), *image, TAGS).uploaded == BLOBS


def test_a_token_without_a_lifetime_is_renewed_within_a_minute(
    by_token: Registry, issuer: Issuer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    issuer.lifetimes = [None]
    with destinations(login=LOGIN, hosts=(by_token.host,)) as there:
        assert there.push(repository_for(by_token.host, tmp_path), *image, TAGS).uploaded == BLOBS
    assert len(issuer.asked) == 1


def test_the_docker_config_and_a_real_helper_log_in(
    by_token: Registry, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    helper = tmp_path / "bin" / "docker-credential-canary"
    helper.parent.mkdir()
    answer = json.dumps({"ServerURL": by_token.host, "Username": USER, "Secret": PASSWORD})
    helper.write_text(f"#!/bin/sh\nread host\n[ \"$1 $host\" = 'get {by_token.host}' ] && echo '{answer}'\n")
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {by_token.host: "canary"}}))
    env = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{helper.parent}:/usr/bin:/bin"}
    redact = Redactor()
    chain = Logins(env, SystemRunner(env, Redactor()), {}, Redactor())
    with destinations(keychain=chain, redact=redact) as there:
        assert there.push(repository_for(by_token.host, tmp_path), *image, TAGS).uploaded == BLOBS
    assert redact(f"the password is {PASSWORD}") == "the password is ***"


def test_a_broken_docker_config_is_no_silent_anonymity(
    by_token: Registry, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"auths": {')
    env = {"DOCKER_CONFIG": str(tmp_path)}
    chain = Logins(env, SystemRunner(env, Redactor()), {}, Redactor())
    with destinations(keychain=chain) as there, pytest.raises(ToolkitError, match=r"config\.json can't be used"):
        there.push(repository_for(by_token.host, tmp_path), *image, TAGS)


def test_no_secret_reaches_a_log(
    proxy: FaultServer,
    issuer: Issuer,
    image: tuple[Layout, Descriptor],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    redact = Redactor()
    with destinations(login=LOGIN, hosts=(proxy.host,), redact=redact) as there:
        there.push(repository_for(proxy.host, tmp_path), *image, TAGS)
    token = proxy.seen[-1].headers["authorization"].removeprefix("Bearer ")
    assert issuer.asked
    assert redact(f"Bearer {token}") == "Bearer ***"
    assert PASSWORD not in caplog.text
    assert token not in caplog.text
