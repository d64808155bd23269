"""The Docker config as a keychain: files, helpers, stores, and what is broken in them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.errors import ToolError, ToolkitError, UsageError
from ci_toolkit.process import Completed
from ci_toolkit.registry.credentials import Chain, Credential
from ci_toolkit.registry.docker_config import DockerConfig
from tests.harness.logins_at_hand import Configured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Helpers:
    """A runner that knows credential helpers: by program and server, what they print and how they exit."""

    def __init__(self, answers: Mapping[tuple[str, str], tuple[int, str]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
        on_line: Callable[[str], None] | None = None,
        check: bool = True,
    ) -> Completed:
        assert (argv[1:], cwd, check, on_line) == (["get"], None, False, None)
        assert timeout
        assert env
        question = (argv[0], (stdin or b"").decode())
        self.asked.append(question)
        code, out = self.answers[question]
        return Completed(tuple(argv), code, out, "")

    def which(self, name: str) -> Path | None:
        return Path("/bin") / name


def keychain(
    directory: Path, config: object, answers: Mapping[tuple[str, str], tuple[int, str]] | None = None
) -> tuple[DockerConfig, Helpers]:
    text = config if isinstance(config, str) else json.dumps(config)
    (directory / "config.json").write_text(text)
    helpers = Helpers(answers or {})
    return DockerConfig({"DOCKER_CONFIG": str(directory)}, helpers), helpers


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(user: str, password: str) -> tuple[int, str]:
    return 0, json.dumps({"ServerURL": "x", "Username": user, "Secret": password})


@pytest.mark.parametrize(
    ("auths", "host", "login"),
    [
        ({"ghcr.io": {"auth": auth("me:pass")}}, "ghcr.io", Credential("me", "pass")),
        ({"ghcr.io": {"auth": auth("me:pa:ss")}}, "ghcr.io", Credential("me", "pa:ss")),
        ({"https://ghcr.io/v2/": {"auth": auth("me:pass")}}, "ghcr.io", Credential("me", "pass")),
        ({"ghcr.io": {"username": "me", "password": "pass"}}, "ghcr.io", Credential("me", "pass")),
        ({"localhost:5000": {"auth": auth("me:pass")}}, "localhost:5000", Credential("me", "pass")),
        ({"localhost:5000": {"auth": auth("me:pass")}}, "localhost:5001", None),
        ({"ghcr.io": {"auth": auth("me:pass")}}, "ghcr.io.evil.test", None),
        ({"https://index.docker.io/v1/": {"auth": auth("me:pass")}}, "docker.io", Credential("me", "pass")),
        ({"docker.io": {"auth": auth("me:pass")}}, "docker.io", Credential("me", "pass")),
        ({"r.test": {"auth": auth("0:"), "identitytoken": "tok"}}, "r.test", Credential("0", "", "tok")),
        ({"r.test": {"registrytoken": "tok"}}, "r.test", Credential(registry_token="tok")),
        ({"r.test": {}}, "r.test", None),
        ({}, "r.test", None),
    ],
)
def test_logins_in_the_file(tmp_path: Path, auths: dict[str, Any], host: str, login: Credential | None) -> None:
    chain, _ = keychain(tmp_path, {"auths": auths})
    assert chain.resolve(host) == login


def test_no_config_is_no_login(tmp_path: Path) -> None:
    assert DockerConfig({"HOME": str(tmp_path)}, Helpers({})).resolve("ghcr.io") is None
    assert DockerConfig({"DOCKER_CONFIG": str(tmp_path / "none")}, Helpers({})).resolve("ghcr.io") is None


def test_home_is_where_docker_looks(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    keychain(tmp_path / ".docker", {"auths": {"ghcr.io": {"auth": auth("me:pass")}}})
    assert DockerConfig({"HOME": str(tmp_path)}, Helpers({})).resolve("ghcr.io") == Credential("me", "pass")


def test_a_helper_for_the_host_comes_first(tmp_path: Path) -> None:
    config = {
        "auths": {"r.test": {"auth": auth("file:file")}},
        "credHelpers": {"r.test": "cloud"},
        "credsStore": "all",
    }
    chain, helpers = keychain(tmp_path, config, {("docker-credential-cloud", "r.test"): secret("helper", "pass")})
    assert chain.resolve("r.test") == Credential("helper", "pass")
    assert helpers.asked == [("docker-credential-cloud", "r.test")]


def test_a_login_in_the_file_comes_before_the_store(tmp_path: Path) -> None:
    config = {"auths": {"r.test": {"auth": auth("file:file")}, "other.test": {}}, "credsStore": "all"}
    chain, helpers = keychain(tmp_path, config, {("docker-credential-all", "other.test"): secret("store", "pass")})
    assert chain.resolve("r.test") == Credential("file", "file")
    assert helpers.asked == []
    assert chain.resolve("other.test") == Credential("store", "pass")


def test_docker_hub_is_asked_for_by_its_old_key(tmp_path: Path) -> None:
    question = ("docker-credential-all", "https://index.docker.io/v1/")
    chain, _ = keychain(tmp_path, {"credsStore": "all"}, {question: secret("hub", "pass")})
    assert chain.resolve("docker.io") == Credential("hub", "pass")


def test_an_identity_token_is_told_by_its_user(tmp_path: Path) -> None:
    question = ("docker-credential-all", "r.test")
    chain, _ = keychain(tmp_path, {"credsStore": "all"}, {question: secret("<token>", "refresh")})
    assert chain.resolve("r.test") == Credential(identity_token="refresh")


def test_a_helper_without_this_login_is_no_error(tmp_path: Path) -> None:
    answers = {("docker-credential-all", "r.test"): (1, "credentials not found in native keychain\n")}
    chain, _ = keychain(tmp_path, {"credsStore": "all"}, answers)
    assert chain.resolve("r.test") is None


@pytest.mark.parametrize(
    "answer", [(1, "no AWS credentials\n"), (2, ""), (0, "hello"), (0, "{}"), (0, "[]"), (0, "1")]
)
def test_a_broken_helper_is_an_error(tmp_path: Path, answer: tuple[int, str]) -> None:
    chain, _ = keychain(tmp_path, {"credHelpers": {"r.test": "x"}}, {("docker-credential-x", "r.test"): answer})
    with pytest.raises(ToolError, match="docker-credential-x") as caught:
        chain.resolve("r.test")
    assert caught.value.hint


@pytest.mark.parametrize(
    "config",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        {"auths": []},
        {"auths": {"r.test": []}},
        {"auths": {"r.test": {"auth": "!!"}}},
        {"auths": {"r.test": {"auth": auth("no colon")}}},
        {"auths": {"r.test": {"auth": base64.b64encode(b"\xff:\xff").decode()}}},
        {"credHelpers": "x"},
        {"credHelpers": {"r.test": "../evil"}},
        {"credHelpers": {"r.test": "-x"}},
        {"credHelpers": {"r.test": 1}},
        {"credsStore": "a/b"},
    ],
)
def test_a_broken_config_is_an_error_and_no_anonymity(tmp_path: Path, config: object) -> None:
    chain, helpers = keychain(tmp_path, config)
    with pytest.raises(UsageError, match=r"config\.json can't be used"):
        chain.resolve("r.test")
    assert helpers.asked == []


def test_what_is_stated_in_the_config_comes_first(tmp_path: Path) -> None:
    docker, _ = keychain(tmp_path, "{")
    chain = Chain([Configured({"r.test": Credential("stated", "pass")}), docker])
    assert chain.resolve("r.test") == Credential("stated", "pass")
    with pytest.raises(ToolkitError):
        chain.resolve("other.test")


def test_no_secret_in_a_repr() -> None:
    login = Credential("me", "canary-1", "canary-2", "canary-3")
    assert "canary" not in repr(login)
    assert login.secrets == ("canary-1", "canary-2", "canary-3")
