"""A checkout whose job asks for a review: on GitLab or on GitHub, with a real repository behind the API's stand-in."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.harness.committing import REGISTRY, Checkout, Remote, clone, config, digest, make_remote
from tests.harness.github_pulls import GitHubPulls
from tests.harness.gitlab_api import GitLab
from tests.harness.pinning import pod
from tests.harness.requests import Kept, Requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = f"{REGISTRY}/app"
BRANCH = "ci-toolkit/pin/main"
MODE = "{ mode: pull-request, branch: main }"


def pinned(letter: str) -> str:
    """The app's reference with this digest."""
    return f"{APP}:1.0@{digest(letter)}"


@dataclass
class Workplace:
    """A repository, its code host, and the jobs of its pipelines."""

    directory: Path
    remote: Remote
    requests: Requests
    host: GitLab | GitHubPulls
    token: str
    made: int = 0

    def job(self, letter: str = "a", *flags: str, files: dict[str, str | bytes] | None = None) -> Checkout:
        """A job of a new pipeline, whose push gave this digest."""
        self.made += 1
        checkout = clone(self.remote, self.directory / f"job-{self.made}", {"app": digest(letter)}, *flags)
        for name, content in (files or {}).items():
            (checkout.root / name).write_bytes(content.encode() if isinstance(content, str) else content)
        if files:
            checkout.hand_state_on()
        checkout.env |= self.environment()
        return checkout

    def environment(self) -> dict[str, str]:
        """The variables of a job on `main`."""
        if isinstance(self.host, GitLab):
            return {
                "GITLAB_CI": "true",
                "CI_API_V4_URL": self.host.url,
                "CI_SERVER_URL": "https://gitlab.example.com",
                "CI_PROJECT_ID": self.host.number,
                "CI_PROJECT_PATH": self.host.project,
                "CI_COMMIT_BRANCH": "main",
                "CI_JOB_TOKEN": self.host.job_token,
                "CI_JOB_URL": "https://gitlab.example.com/acme/shop/-/jobs/9",
                "GITLAB_TOKEN": self.token,
            }
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.host.url,
            "GITHUB_SERVER_URL": "https://github.example.com",
            "GITHUB_REPOSITORY": self.host.repository,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_RUN_ID": "9",
            "GITHUB_TOKEN": self.token,
        }

    @property
    def only(self) -> Kept:
        """The one request there is."""
        (kept,) = self.requests.all
        return kept


@contextmanager
def workplace(directory: Path, kind: str, *, commit: str = MODE, **files: str | bytes) -> Iterator[Workplace]:
    """A repository with one manifest on GitLab or GitHub."""
    remote = make_remote(
        directory / "remote.git",
        {".ci-toolkit.yml": config("app", commit=commit), "deploy/app.yaml": pod(f"{APP}:0.9"), **files},
    )
    requests = Requests(remote, directory)
    host = GitLab(requests) if kind == "gitlab" else GitHubPulls(requests=requests, repository="acme/shop")
    token = host.tokens[0].value if isinstance(host, GitLab) else host.token
    with host.running():
        yield Workplace(directory, remote, requests, host, token)


def refused(place: Workplace, code: int, *, pushed: bool = False) -> str:
    """What a job says that ends in this code, having pushed nothing unless `pushed`."""
    result = place.job("a").pin_and_commit()
    assert result.returncode == code, result.stderr
    branches = place.remote.git("for-each-ref", "--format=%(refname)").split()
    assert branches == ([f"refs/heads/{BRANCH}"] if pushed else []) + ["refs/heads/main"]
    assert place.requests.all == []
    return result.stderr
