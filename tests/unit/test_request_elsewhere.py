"""Which code host opens requests in another repository, and in which project."""

from __future__ import annotations

import pytest

from ci_toolkit.ci.request_elsewhere import job_there
from ci_toolkit.errors import UsageError

ON_GITHUB = {"GITHUB_SERVER_URL": "https://github.example.com", "GITHUB_API_URL": "https://github.example.com/api/v3"}
ON_GITLAB = {
    "CI_SERVER_URL": "https://example.com/gitlab",
    "CI_API_V4_URL": "https://example.com/gitlab/api/v4",
    "CI_PROJECT_ID": "7",
}


def test_the_own_server() -> None:
    platform, env = job_there("https://github.example.com/acme/gitops", "github", ON_GITHUB)
    assert platform == "github"
    assert (env["GITHUB_REPOSITORY"], env["GITHUB_API_URL"]) == ("acme/gitops", ON_GITHUB["GITHUB_API_URL"])
    platform, env = job_there("https://example.com/gitlab/acme/ops/gitops", "gitlab", ON_GITLAB)
    assert platform == "gitlab"
    assert (env["CI_PROJECT_PATH"], env["CI_PROJECT_ID"]) == ("acme/ops/gitops", "")


@pytest.mark.parametrize("platform", ["local", "github", "gitlab"])
def test_a_public_host_from_anywhere(platform: str) -> None:
    variables = {**ON_GITHUB, **ON_GITLAB}
    there, env = job_there("https://github.com/acme/gitops", platform, variables)
    assert (there, env["GITHUB_API_URL"], env["GITHUB_REPOSITORY"]) == (
        "github",
        "https://api.github.com",
        "acme/gitops",
    )
    there, env = job_there("https://gitlab.com/acme/gitops", platform, variables)
    assert (there, env["CI_API_V4_URL"], env["CI_PROJECT_PATH"]) == (
        "gitlab",
        "https://gitlab.com/api/v4",
        "acme/gitops",
    )


@pytest.mark.parametrize("address", [None, "https://git.example.org/acme/gitops", "https://github.com.evil.test/a/b"])
def test_any_other_is_refused(address: str | None) -> None:
    with pytest.raises(UsageError, match="no request can be opened at"):
        job_there(address, "github", {"GITHUB_SERVER_URL": "https://github.com"})
