"""Requests in another repository than the job's: its host, as far as anybody can tell it from the address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_toolkit.errors import UsageError
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Mapping

_GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": "https://api.github.com"}
_GITLAB = {"CI_SERVER_URL": "https://gitlab.com", "CI_API_V4_URL": "https://gitlab.com/api/v4"}


def job_there(address: str | None, platform: str | None, env: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The CI system at a web address, and the variables that a job of that project would have.

    Known are the job's own server, github.com and gitlab.com. Raises UsageError for another.
    """
    host = urlsplit(address or "").hostname
    own = {"github": env.get("GITHUB_SERVER_URL"), "gitlab": env.get("CI_SERVER_URL")}.get(platform or "")
    if host and platform and own and urlsplit(own).hostname == host:
        return platform, {**env, **_project(address or "", own)}
    for name, server in (("github", _GITHUB), ("gitlab", _GITLAB)):
        known = next(iter(server.values()))
        if host and host == urlsplit(known).hostname:
            return name, {**env, **server, **_project(address or "", known)}
    where = neutralise(address) if address else "a path on this machine"
    message = f"no request can be opened at {where}: this job knows its own server, github.com and gitlab.com"
    raise UsageError(message, hint="take `commit.mode: push` for this repository")


def _project(address: str, server: str) -> dict[str, str]:
    below = urlsplit(server).path.strip("/")
    path = urlsplit(address).path.strip("/")
    project = path.removeprefix(f"{below}/") if below else path
    return {"GITHUB_REPOSITORY": project, "CI_PROJECT_PATH": project, "CI_PROJECT_ID": ""}
