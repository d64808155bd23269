"""Logins of jobs at real registries: GitLab's by the command, keyless ones through a long push, ECR's repositories."""

from __future__ import annotations

import base64
import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from moto.server import ThreadedMotoServer

from ci_toolkit.redact import Redactor
from ci_toolkit.registry.keychains.ecr import RepositorySettings
from tests.harness.aws import HOST, running_aws
from tests.harness.cloud import WORKLOAD, Cloud
from tests.harness.delivered import delivered
from tests.harness.logins import auth, desk
from tests.harness.proxy import Answer, Exchange, FaultServer
from tests.harness.pushing import Heard, destinations, repository_for, sample_image
from tests.harness.registry import PASSWORD, USER, running_registry

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.harness.registry import Registry

IMAGES = """\
images:
  app: {{ repositories: ["{host}/{name}"], tags: ["sha-{{sha:7}}"] }}
environments:
  staging: {{ tags: ["staging-{{sha:7}}"] }}
"""
STATED = 'version: 1\nregistries: {{ "{host}": {{ auth: {{ username: ci, password: "${{PW}}" }} }} }}\n' + IMAGES
UNASKED = "version: 1\n" + IMAGES
ASKED = 'version: 1\nregistries: {{ "{host}": {{ auth: gitlab }} }}\n' + IMAGES
NOBODY = 'version: 1\nregistries: {{ "{host}": {{ auth: anonymous }} }}\n' + IMAGES


@pytest.fixture
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultServer]:
    with (
        running_registry(tmp_path_factory.mktemp("registry")) as registry,
        FaultServer(registry.host).running() as running,
    ):
        yield running


class CommandLines:
    """The command lines of every process in a directory, looked at over and over while a block runs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.seen: set[bytes] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    if (process.parent / "cwd").readlink().is_relative_to(self._root):
                        self.seen.add(process.read_bytes())


@pytest.mark.parametrize(
    ("config", "login", "code", "words"),
    [
        (UNASKED, PASSWORD, 0, ""),
        (ASKED, PASSWORD, 0, ""),
        (UNASKED, "wrong-canary", 4, "401 Unauthorized"),
        (NOBODY, PASSWORD, 4, "there is none for it"),
        (ASKED, "", 2, "CI_REGISTRY isn't set"),
    ],
    ids=["unasked", "asked for", "wrong password", "anonymous", "no variables"],
)
def test_a_gitlab_job_promotes_by_its_own_login(
    htpasswd: Registry,
    tmp_path: Path,
    run_command: Callable[..., subprocess.CompletedProcess[str]],
    config: str,
    login: str,
    code: int,
    words: str,
) -> None:
    names = {"host": htpasswd.host, "name": repository_for(htpasswd.host, tmp_path).path}
    project = delivered(tmp_path / "project", STATED.format(**names), env={"PW": PASSWORD})
    (project.root / "gitlab.yml").write_text(config.format(**names))
    env = {"CI": "true", "GITLAB_CI": "true", "GITHUB_ACTIONS": "", "DOCKER_CONFIG": str(tmp_path / "docker")}
    env |= {"CI_REGISTRY": htpasswd.host, "CI_REGISTRY_USER": USER, "CI_REGISTRY_PASSWORD": login} if login else {}
    with CommandLines(project.root) as processes:
        done = run_command("promote", "staging", "-v", "-c", "gitlab.yml", cwd=project.root, env=env)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    secrets = [s for secret in (login, PASSWORD) if secret for s in _forms(secret)]
    kept = b"".join(path.read_bytes() for path in project.root.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in done.stdout + done.stderr
        assert secret.encode() not in kept
        assert not any(secret.encode() in line for line in processes.seen)
    assert any(b"promote" in line for line in processes.seen)


def _forms(secret: str) -> tuple[str, str, str]:
    pair = base64.b64encode(f"{USER}:{secret}".encode()).decode()
    return secret, base64.b64encode(secret.encode()).decode(), pair


@pytest.mark.parametrize("refusal", [403, 401])
def test_a_keyless_login_is_renewed_in_mid_push(
    proxy: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, refusal: int
) -> None:
    caplog.set_level(logging.DEBUG)
    stated = auth("google", workload_identity_provider=WORKLOAD)
    let_in = 0

    def door(exchange: Exchange) -> None:
        nonlocal let_in
        sent = base64.b64decode(exchange.headers.get("authorization", "").removeprefix("Basic ")).decode()
        tokens = [secret for secret in cloud.secrets if "federated-canary" in secret]
        good = [f"oauth2accesstoken:{token}" for token in tokens[1 if let_in >= 9 else 0 :]]
        if sent in good:
            let_in += 1
            exchange.answer(exchange.forward(authorization=None))
        elif sent and refusal == 403:
            exchange.answer(Answer(403, {}, b"" if exchange.method == "HEAD" else b"the token has expired"))
        else:
            exchange.answer(Answer(401, {"www-authenticate": 'Basic realm="r"'}))

    proxy.rule("", "", door, times=10_000)
    with Cloud().running() as cloud:
        heard = Heard()
        with desk(cloud.github_env(), {proxy.host: stated}, cloud.endpoints) as it:
            image = sample_image(tmp_path / "layout", salt=tmp_path.name)
            with destinations(keychain=it.logins, redact=it.redact, progress=heard) as there:
                assert there.push(repository_for(proxy.host, tmp_path), *image, ("1.0",)).uploaded == 8
        assert cloud.server.count("POST", "/google-sts/") == 2
        it.shown += [caplog.text, str(heard.lines), repr(it.logins)]
        assert it.leaks(cloud.secrets) == []


def test_ecr_gets_its_repository_before_the_first_push(proxy: FaultServer, tmp_path: Path) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address, port = server.get_host_and_port()
    to = repository_for(proxy.host, tmp_path)
    with running_aws() as aws:
        env = {"CI": "true", **aws.own_keys(), "AWS_ENDPOINT_URL": f"http://{address}:{port}"}
        with desk(env, {HOST: auth("ecr")}) as it:

            def ecr(exchange: Exchange) -> None:
                there = it.logins.repository_settings(HOST, to.path)
                unknown = b'{"errors": [{"code": "NAME_UNKNOWN", "message": "it does not exist in the registry"}]}'
                exchange.answer(exchange.forward() if there and there.exists else Answer(404, {}, unknown))

            proxy.rule("POST", "/blobs/uploads/", ecr, times=10_000)
            image, heard = sample_image(tmp_path / "layout", salt=tmp_path.name), Heard()
            with destinations(
                create=lambda _, path: it.logins.create_repository(HOST, path), redact=Redactor(), progress=heard
            ) as there:
                assert there.push(to, *image, ("1.0",)).uploaded == 8
            assert it.logins.repository_settings(HOST, to.path) == RepositorySettings(exists=True)
    server.stop()
    assert f"{to} didn't exist: created" in heard.of("info")
