"""`commit.token`: whom it lets in, where it goes, and where it is never seen."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import clone, config, digest, holding, make_remote
from tests.harness.git_server import GitServer
from tests.harness.gitops import APP, PINNED, GitOps, gitops
from tests.harness.pinning import pod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "glpat-canary0123456789"


@pytest.fixture
def place(tmp_path: Path) -> GitOps:
    return gitops(tmp_path)


@pytest.fixture
def https(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path, TOKEN).running() as server:
        yield server


def test_a_token_is_in_no_argument_and_no_file(place: GitOps, https: GitServer) -> None:
    seen = place.directory / "command-lines"
    place.remote.hook("pre-receive", f"cat /proc/[0-9]*/cmdline > {seen} 2>/dev/null; exit 0")
    checkout = place.job(
        address=f"{https.url}/gitops.git",
        token="${GITOPS_TOKEN}",
        env={"GITOPS_TOKEN": TOKEN, "GIT_SSL_CAINFO": str(https.certificate)},
    )
    result = checkout.run("run", "--steps", "pin,commit", "-v")
    assert result.returncode == 0, result.stderr
    assert place.remote.read("deploy/app.yaml") == pod(PINNED)
    login = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert set(https.seen) == {f"Basic {login}"}
    assert b"push" in seen.read_bytes()
    assert holding(place.directory, [TOKEN, login]) == []
    assert TOKEN not in result.stdout + result.stderr
    assert checkout.state().commits[0].repository == f"{https.url}/gitops"


def test_the_user_in_the_address_is_the_token_s(place: GitOps, https: GitServer) -> None:
    checkout = place.job(
        address=f"{https.url.replace('https://', 'https://deploy-token-1@')}/gitops.git",
        token="${GITOPS_TOKEN}",
        env={"GITOPS_TOKEN": TOKEN, "GIT_SSL_CAINFO": str(https.certificate)},
    )
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert set(https.seen) == {f"Basic {base64.b64encode(f'deploy-token-1:{TOKEN}'.encode()).decode()}"}


def test_it_goes_before_what_the_checkout_of_the_own_repository_kept(tmp_path: Path, https: GitServer) -> None:
    commit = "{ mode: push, token: '${BOT_TOKEN}' }"
    files: dict[str, str | bytes] = {
        ".ci-toolkit.yml": config("app", commit=commit),
        "deploy/app.yaml": pod(f"{APP}:0.9"),
    }
    remote = make_remote(tmp_path / "own.git", files)
    checkout = clone(remote, tmp_path / "checkout", {"app": digest("a")})
    checkout.git("remote", "set-url", "origin", f"{https.url}/own.git")
    checkout.git("config", f"http.{https.url}/.extraheader", "AUTHORIZATION: basic bm9ib2R5Om5vdGhpbmc=")
    checkout.env |= {"BOT_TOKEN": TOKEN, "GIT_SSL_CAINFO": str(https.certificate)}
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.count() == 2


def test_a_wrong_token_is_4(place: GitOps, https: GitServer) -> None:
    wrong = "glpat-another-one-0123"
    checkout = place.job(
        address=f"{https.url}/gitops.git",
        token="${GITOPS_TOKEN}",
        env={"GITOPS_TOKEN": wrong, "GIT_SSL_CAINFO": str(https.certificate)},
    )
    result = checkout.pin_and_commit()
    assert result.returncode == 4, result.stderr
    assert wrong not in result.stdout + result.stderr


def test_a_token_without_its_variable_is_2_where_it_is_needed_and_nowhere_else(place: GitOps) -> None:
    checkout = place.job(token="${GITOPS_TOKEN}")
    result = checkout.pin_and_commit()
    assert result.returncode == 2
    assert "commit.token: its variable isn't set" in result.stderr
    assert checkout.run("tag").returncode == 0
    assert checkout.run("plan", "--steps", "commit").returncode == 0


def test_a_token_doesn_t_travel_in_the_open(place: GitOps) -> None:
    checkout = place.job(address="http://git.example.com/x.git", token="${T}", env={"T": TOKEN})
    result = checkout.pin_and_commit()
    assert result.returncode == 2
    assert "in the open to git.example.com" in result.stderr


@pytest.mark.parametrize(("option", "value"), [("token", TOKEN), ("ssh-key", "-----BEGIN OPENSSH PRIVATE KEY-----")])
def test_a_secret_in_the_file_is_refused(place: GitOps, option: str, value: str) -> None:
    checkout = place.job()
    file = checkout.root / ".ci-toolkit.yml"
    file.write_text(file.read_text().replace('"mode"', f'"{option}": "{value}", "mode"'))
    result = checkout.run("commit")
    assert result.returncode == 2
    assert f"commit.{option}: a secret is never written into the file" in result.stderr
    assert value not in result.stdout + result.stderr
