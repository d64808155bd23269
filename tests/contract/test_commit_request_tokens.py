"""Tokens that can't ask for a review, or can: known before anything is pushed, and given to nobody else."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import config, holding
from tests.harness.git_server import GitServer
from tests.harness.gitlab_api import GitLab, Token
from tests.harness.pinning import pod
from tests.harness.proxy import answers
from tests.harness.requesting import BRANCH, Workplace, pinned, refused, workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.github_pulls import GitHubPulls


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[Workplace]:
    with workplace(tmp_path, "gitlab") as made:
        yield made


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Workplace]:
    with workplace(tmp_path, "github") as made:
        yield made


def on_github(place: Workplace) -> GitHubPulls:
    assert not isinstance(place.host, GitLab)
    return place.host


def on_gitlab(place: Workplace) -> GitLab:
    assert isinstance(place.host, GitLab)
    return place.host


def test_a_job_token_alone_is_2_with_a_clear_word(gitlab: Workplace) -> None:
    gitlab.token = ""
    said = refused(gitlab, 2)
    assert "GITLAB_TOKEN isn't set, and the job's own token may not open one" in said
    assert "project or group access token with the role Developer or more and the scope `api`" in said
    assert on_gitlab(gitlab).server.seen == []


def test_a_job_token_in_the_access_tokens_place_is_2(gitlab: Workplace) -> None:
    gitlab.token = on_gitlab(gitlab).job_token
    assert "GitLab refuses GITLAB_TOKEN, and nothing is pushed" in refused(gitlab, 2)


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (Token(("read_api", "write_repository")), "has the scopes read_api, write_repository"),
        (Token(active=False), "GitLab refuses GITLAB_TOKEN"),
    ],
    ids=["scopes", "revoked"],
)
def test_a_token_that_cannot_is_refused_before_anything_is_pushed(gitlab: Workplace, token: Token, said: str) -> None:
    on_gitlab(gitlab).tokens.append(token)
    gitlab.token = token.value
    told = refused(gitlab, 2)
    assert said in told
    assert "scope `api`" in told
    assert [e.path for e in on_gitlab(gitlab).server.seen] == ["/api/v4/personal_access_tokens/self"]


@pytest.mark.parametrize(
    ("told", "code", "said"),
    [
        ({"active": False, "scopes": ["api"]}, 2, "isn't valid any more"),
        ({"active": True, "scopes": ["granular"]}, 0, "opened: "),
        ({"active": True, "scopes": ["api"], "expires_at": "2001-01-01"}, 0, "expires on 2001-01-01"),
        ({"active": True, "scopes": ["api"], "expires_at": "soon"}, 0, "opened: "),
    ],
)
def test_what_gitlab_tells_of_a_token(gitlab: Workplace, told: dict[str, object], code: int, said: str) -> None:
    on_gitlab(gitlab).fault("GET", "/self$", answers(200, {}, json.dumps(told).encode()))
    result = gitlab.job("a").pin_and_commit()
    assert result.returncode == code, result.stderr
    assert said in result.stderr
    assert len(gitlab.requests.all) == (code == 0)


def test_an_old_gitlab_that_knows_no_self_is_asked_all_the_same(gitlab: Workplace) -> None:
    on_gitlab(gitlab).fault("GET", "/self$", answers(404, {}, b'{"message":"404 Not Found"}'))
    assert gitlab.job("a").pin_and_commit().returncode == 0
    assert gitlab.only.state == "open"


def test_no_member_of_the_project_is_4_before_anything_is_pushed(gitlab: Workplace) -> None:
    on_gitlab(gitlab).tokens[0].role = 0
    assert "is the token a member of the project?" in refused(gitlab, 4)


def test_too_small_a_role_is_4(gitlab: Workplace) -> None:
    on_gitlab(gitlab).tokens[0].role = 20
    assert "must be Developer or more" in refused(gitlab, 4, pushed=True)


def test_github_without_a_token_is_2(github: Workplace) -> None:
    github.token = ""
    assert "pull-requests: write" in refused(github, 2)


def test_github_refuses_a_wrong_token_before_anything_is_pushed(github: Workplace) -> None:
    github.token = "ghs_wrong-canary"
    assert "401" in refused(github, 4)


def test_githubs_setting_is_named(github: Workplace) -> None:
    on_github(github).actions_may = False
    said = refused(github, 4, pushed=True)
    assert "not permitted to create or approve pull requests" in said
    assert "Settings → Actions → General" in said
    on_github(github).actions_may = True
    assert github.job("a").pin_and_commit().returncode == 0
    assert github.only.state == "open"


def test_githubs_permission_is_named(github: Workplace) -> None:
    on_github(github).permitted = False
    assert "permissions: { contents: write, pull-requests: write }" in refused(github, 4, pushed=True)


@pytest.mark.parametrize("login", ["gitlab-ci-token:{job}@", ""], ids=["runner's", "none"])
@pytest.mark.parametrize("mode", ["pull-request", "push"])
def test_gitlabs_token_pushes_in_the_runners_place(gitlab: Workplace, login: str, mode: str, tmp_path: Path) -> None:
    seen = tmp_path / "command-lines"
    gitlab.remote.hook("pre-receive", f"cat /proc/[0-9]*/cmdline > {seen} 2>/dev/null; exit 0")
    with GitServer(tmp_path, gitlab.token).running() as server:
        text = config("app", commit=f"{{ mode: {mode}, branch: main }}")
        checkout = gitlab.job("a", files={".ci-toolkit.yml": text})
        secret = login.format(job=on_gitlab(gitlab).job_token)
        checkout.git("remote", "set-url", "origin", f"{server.url.replace('://', f'://{secret}')}/remote.git")
        checkout.env |= {"CI_SERVER_URL": server.url, "CI_PROJECT_PATH": "remote"}
        checkout.env |= {"GIT_SSL_CAINFO": str(server.certificate)}
        result = checkout.run("run", "--steps", "pin,commit", "-v")
        assert result.returncode == 0, result.stderr
        encoded = base64.b64encode(f"oauth2:{gitlab.token}".encode()).decode()
        assert set(server.seen) == {f"Basic {encoded}"}
    branch = BRANCH if mode == "pull-request" else "main"
    assert gitlab.remote.read("deploy/app.yaml", branch) == pod(pinned("a"))
    assert b"push" in seen.read_bytes()
    shown = result.stdout + result.stderr
    for value in (gitlab.token, encoded, on_gitlab(gitlab).job_token):
        assert value not in shown
    assert [path.name for path in holding(tmp_path, [gitlab.token, encoded])] == []


def test_the_job_token_pushes_where_there_is_no_other_login(gitlab: Workplace, tmp_path: Path) -> None:
    job_token, gitlab.token = on_gitlab(gitlab).job_token, ""
    with GitServer(tmp_path, job_token).running() as server:
        checkout = gitlab.job("a", files={".ci-toolkit.yml": config("app", commit="{ mode: push, branch: main }")})
        checkout.git("remote", "set-url", "origin", f"{server.url}/remote.git")
        checkout.env |= {"CI_SERVER_URL": server.url, "GIT_SSL_CAINFO": str(server.certificate)}
        result = checkout.pin_and_commit()
        assert result.returncode == 0, result.stderr
        encoded = base64.b64encode(f"gitlab-ci-token:{job_token}".encode()).decode()
        assert set(server.seen) == {f"Basic {encoded}"}


def test_no_token_goes_to_another_server(gitlab: Workplace, tmp_path: Path) -> None:
    with GitServer(tmp_path, gitlab.token).running() as server:
        checkout = gitlab.job("a", files={".ci-toolkit.yml": config("app", commit="{ mode: push, branch: main }")})
        checkout.git("remote", "set-url", "origin", f"{server.url}/remote.git")
        checkout.env |= {"GIT_SSL_CAINFO": str(server.certificate)}
        result = checkout.pin_and_commit()
        assert result.returncode == 4, result.stderr
        assert server.seen == []
        assert "GITLAB_TOKEN" in result.stderr
