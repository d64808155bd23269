"""Requests in another repository: its host's, with the config's token, or refused before anything is pushed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import Checkout, digest
from tests.harness.github_pulls import GitHubPulls
from tests.harness.github_runner import read_log
from tests.harness.gitlab_api import GitLab
from tests.harness.gitops import APP, PINNED, GitOps, gitops
from tests.harness.pinning import pod
from tests.harness.requests import Requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BRANCH = "ci-toolkit/acme-shop/pin/main"


@dataclass
class Place:
    """The repositories, the code host of the manifests' one, and its address there."""

    repositories: GitOps
    requests: Requests
    host: GitLab | GitHubPulls
    address: str

    def job(self, letter: str = "a", **options: object) -> Checkout:
        """A job of the application on the same server, whose own token gets it nowhere."""
        checkout = self.repositories.job(
            address=self.address, env=self._environment(), **{"mode": "pull-request", "token": "${BOT}", **options}
        )
        checkout.digests = {"app": digest(letter)}
        checkout.hand_state_on()
        return checkout

    def _environment(self) -> dict[str, str]:
        # The web address leads to the repository on this machine, as by git's own configuration.
        known = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.repositories.remote.path}.insteadOf",
            "GIT_CONFIG_VALUE_0": self.address,
        }
        if isinstance(self.host, GitLab):
            return known | {
                "BOT": self.host.tokens[0].value,
                "GITLAB_CI": "true",
                "GITLAB_TOKEN": "glpat-of-the-application-alone",
                "CI_API_V4_URL": self.host.url,
                "CI_SERVER_URL": "https://gitlab.example.com",
                "CI_PROJECT_ID": "7",
                "CI_PROJECT_PATH": "acme/shop",
                "CI_PROJECT_URL": "https://gitlab.example.com/acme/shop",
                "CI_COMMIT_BRANCH": "main",
            }
        return known | {
            "BOT": self.host.token,
            "GITHUB_ACTIONS": "true",
            "GITHUB_TOKEN": "ghs_of-the-application-alone",
            "GITHUB_API_URL": self.host.url,
            "GITHUB_SERVER_URL": "https://github.example.com",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_REF": "refs/heads/main",
        }


@contextmanager
def opened(directory: Path, kind: str) -> Iterator[Place]:
    """Everything, for as long as the block lasts."""
    repositories = gitops(directory)
    requests = Requests(repositories.remote, directory)
    host: GitLab | GitHubPulls
    if kind == "gitlab":
        host = GitLab(requests, project="acme/gitops")
    else:
        host = GitHubPulls(requests=requests, repository="acme/gitops")
    with host.running():
        yield Place(repositories, requests, host, f"https://{kind}.example.com/acme/gitops.git")


@pytest.fixture(params=["gitlab", "github"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with opened(tmp_path, request.param) as made:
        yield made


def test_it_is_opened_there_and_brought_up_to_date(place: Place) -> None:
    remote = place.repositories.remote
    result = place.job().pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.count() == 1
    assert remote.read("deploy/app.yaml", BRANCH) == pod(PINNED)
    (only,) = place.requests.all
    assert (only.source, only.target, only.title) == (BRANCH, "main", "deploy: app")
    again = place.job()
    assert "requested already" in again.pin_and_commit().stderr
    assert place.job("b").pin_and_commit().returncode == 0
    (only,) = place.requests.all
    assert digest("b") in only.description
    assert remote.read("deploy/app.yaml", BRANCH) == pod(f"{APP}:1.0@{digest('b')}")
    assert remote.count(BRANCH) == 2


def test_the_plan_names_the_other_project(place: Place) -> None:
    result = place.job().run("plan", "--steps", "pin,commit")
    assert result.returncode == 0, result.stderr
    assert "acme/gitops/pulls" in result.stdout or "acme%2Fgitops/merge_requests" in result.stdout
    assert "ci-toolkit/acme-shop/pin/<default branch>" in result.stdout
    assert place.host.server.seen == []


@pytest.mark.parametrize("address", ["https://git.example.org/acme/gitops.git", "/srv/gitops.git"])
def test_a_host_that_nobody_knows_is_2_before_anything_is_asked(place: Place, address: str) -> None:
    place.address = address
    result = place.job().pin_and_commit()
    assert result.returncode == 2, result.stderr
    assert "no request can be opened at" in result.stderr
    assert "commit.mode: push" in result.stderr
    plan = place.job().run("plan", "--steps", "commit")
    assert "refused, because no request can be opened at" in plan.stdout
    assert place.host.server.seen == []


def test_a_token_that_isn_t_let_in_pushes_nothing(place: Place) -> None:
    checkout = place.job()
    checkout.env["BOT"] = "bot-that-nobody-knows"
    result = checkout.pin_and_commit()
    assert result.returncode in (2, 4), result.stderr
    assert "commit.token" in result.stderr
    assert place.repositories.remote.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert "bot-that-nobody-knows" not in result.stdout + "\n".join(read_log(result.stderr).lines)
