"""What a commit must not do: leak the token, obey a name, take a no for a hiccup, leave root's files behind."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import REGISTRY, Checkout, Remote, config, digest, holding
from tests.harness.git_server import GitServer
from tests.harness.github_runner import read_log
from tests.harness.pinning import pod
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = f"{REGISTRY}/app"
PINNED = f"{APP}:1.0@{digest('a')}"
TOKEN = "ghs_canary0123456789canary0123456789"
ENCODED = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path, TOKEN).running() as running:
        yield running


def in_a_job(checkout: Checkout, server: GitServer, **more: str) -> None:
    """A job on GitHub whose checkout kept no credentials."""
    checkout.git("remote", "set-url", "origin", f"{server.url}/remote.git")
    checkout.env |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": server.url,
        "GITHUB_REF": "refs/heads/main",
        "GIT_SSL_CAINFO": str(server.certificate),
        **more,
    }


def test_the_jobs_token_pushes_and_is_seen_nowhere(
    remote: Remote, checkout: Checkout, server: GitServer, tmp_path: Path
) -> None:
    in_a_job(checkout, server, GITHUB_TOKEN=TOKEN)
    seen = tmp_path / "command-lines"
    remote.hook("pre-receive", f"cat /proc/[0-9]*/cmdline > {seen} 2>/dev/null; exit 0")
    result = checkout.run("run", "--steps", "pin,commit", "-v")
    assert result.returncode == 0, result.stderr
    assert remote.read("deploy/app.yaml") == pod(PINNED)
    assert set(server.seen) == {f"Basic {ENCODED}"}
    assert b"push" in seen.read_bytes()
    assert holding(tmp_path, [TOKEN, ENCODED]) == []
    shown = result.stdout + "\n".join(read_log(result.stderr).lines)
    assert not any(secret in shown for secret in (TOKEN, ENCODED))


def test_what_the_checkout_kept_goes_first(remote: Remote, checkout: Checkout, server: GitServer) -> None:
    in_a_job(checkout, server, GITHUB_TOKEN="ghs_another-token-that-is-not-let-in")
    checkout.git("config", f"http.{server.url}/.extraheader", f"AUTHORIZATION: basic {ENCODED}")
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.count() == 2


@pytest.mark.parametrize(
    "variables", [{}, {"GITHUB_TOKEN": TOKEN, "GITHUB_SERVER_URL": "https://127.0.0.1.evil.test"}]
)
def test_no_login_is_4_with_what_to_do(checkout: Checkout, server: GitServer, variables: dict[str, str]) -> None:
    in_a_job(checkout, server, **variables)
    result = checkout.pin_and_commit()
    assert result.returncode == 4
    assert "contents: write" in result.stderr
    assert server.seen == []
    assert TOKEN not in result.stdout + result.stderr


def test_a_password_in_the_address_is_in_no_output(checkout: Checkout, server: GitServer, tmp_path: Path) -> None:
    in_a_job(checkout, server)
    address = server.url.replace("https://", "https://ci:wrong-password@")
    checkout.git("remote", "set-url", "origin", f"{address}/remote.git")
    result = checkout.run("run", "--steps", "pin,commit", "-v")
    assert result.returncode == 4
    assert "wrong-password" not in result.stdout + "\n".join(read_log(result.stderr).lines)
    assert [path.name for path in holding(tmp_path, ["wrong-password"])] == ["config"]


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("error: GH006: Protected branch update failed for refs/heads/main.", "bypass"),
        ("error: GH013: Repository rule violations found for refs/heads/main.", "bypass"),
        ("GitLab: You are not allowed to push code to protected branches on this project.", "bypass"),
        ("GitLab: You are not allowed to push code to this project.", "write access"),
        ("the tests of somebody's own server say no", "what git and the server said"),
    ],
)
def test_a_branch_that_is_guarded_is_4_with_the_servers_words(
    remote: Remote, checkout: Checkout, said: str, hint: str
) -> None:
    remote.hook("pre-receive", f'echo "{said}" >&2; echo "::error::owned" >&2; exit 1')
    result = checkout.pin_and_commit()
    assert result.returncode == 4, result.stderr
    assert said.removeprefix("error: ") in result.stderr
    assert hint in result.stderr
    assert "trying again" not in result.stderr
    assert not any(line.strip().startswith("::") for line in result.stderr.splitlines())
    assert remote.count() == 1
    assert checkout.git("status", "--porcelain") == "M deploy/app.yaml"


@pytest.mark.parametrize("name", ["$(touch${IFS}p)", "a;touch${IFS}p", "`touch${IFS}p`", "größe/|&x", "a'b\"c"])
def test_a_hostile_branch_is_just_a_name(remote: Remote, checkout: Checkout, name: str) -> None:
    remote.git("update-ref", f"refs/heads/{name}", "main")
    checkout.git("checkout", "-q", "-b", name)
    (checkout.root / ".ci-toolkit.yml").write_text(
        config("app", commit='{ mode: push, message: "deploy {branch}: {image}" }')
    )
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.count(f"refs/heads/{name}") == 2
    assert remote.git("log", "-1", "--format=%s", f"refs/heads/{name}") == f"deploy {name}: app"
    assert not (checkout.root / "p").exists()


@pytest.mark.parametrize(
    "name", ["-x", "--upload-pack=touch p", "a b", "a..b", "a\\nb", "refs/heads/main", "HEAD", "@", "a.lock"]
)
def test_what_is_no_branch_is_refused_by_the_config(checkout: Checkout, name: str) -> None:
    (checkout.root / ".ci-toolkit.yml").write_text(config("app", commit=f'{{ mode: push, branch: "{name}" }}'))
    result = checkout.run("commit")
    assert result.returncode == 2
    assert "is no branch" in result.stderr


@pytest.mark.parametrize("remote_name", ["-x", "--upload-pack=touch p", "https://evil.test/x", "ext::sh -c touch"])
def test_what_is_no_remote_is_refused_by_the_config(checkout: Checkout, remote_name: str) -> None:
    (checkout.root / ".ci-toolkit.yml").write_text(config("app", commit=f'{{ mode: push, remote: "{remote_name}" }}'))
    assert checkout.run("commit").returncode == 2


def test_a_message_is_text_alone(remote: Remote, checkout: Checkout) -> None:
    message = '"-x $(touch p)\\n\\n# no comment\\n--amend"'
    (checkout.root / ".ci-toolkit.yml").write_text(config("app", commit=f"{{ mode: push, message: {message} }}"))
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    body = remote.message()
    assert body.startswith("-x $(touch p)\n\n# no comment\n--amend\n\nImage-Digest: app@")
    assert not (checkout.root / "p").exists()


def test_a_checkout_of_another_user_stays_theirs(remote: Remote, checkout: Checkout) -> None:
    owner = 12345
    if os.geteuid():
        pytest.fail("only root can give a checkout to somebody else: run the tests as root", pytrace=False)
    for path in (checkout.root, *checkout.root.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.count() == 2
    tree = [checkout.root / "deploy/app.yaml", *(checkout.root / ".git").rglob("*")]
    written = ("objects", "refs", "logs", "index", "app.yaml")
    theirs = [path for path in tree if any(part in written for part in path.parts)]
    assert theirs
    assert [str(path) for path in theirs if path.lstat().st_uid != owner] == []
    assert git(checkout.root, "-c", f"safe.directory={checkout.root}", "status", "--porcelain") == ""
