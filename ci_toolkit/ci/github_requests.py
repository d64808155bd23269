"""GitHub's pull requests. Source: GitHub, "REST API endpoints for pull requests"."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ci_toolkit.answers import HttpError
from ci_toolkit.ci.github_api import REPOSITORY, GitHubApi, GitHubError, api_of
from ci_toolkit.ci.request_plan import planned, refused
from ci_toolkit.ci.request_project import RequestProject, project_of
from ci_toolkit.errors import UsageError
from ci_toolkit.model.plan import Action
from ci_toolkit.model.request import Draft, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor
    from ci_toolkit.retries import Patience

_VARIABLE = "GITHUB_TOKEN"
_PERMISSIONS = "permissions: { contents: write, pull-requests: write }"
_TOKEN = f"give the step `env: {{ GITHUB_TOKEN: ${{{{ github.token }}}} }}`, and the job `{_PERMISSIONS}`"
_SETTING = (
    "turn on `Allow GitHub Actions to create and approve pull requests` under Settings → Actions → General (of the "
    "organization too), or give the step a GitHub App's token as GITHUB_TOKEN"
)
_NOT_PERMITTED = re.compile(r"not permitted to create", re.IGNORECASE)
_MERGED_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class GitHubRequests:
    """Pull requests of the repositories of github.com, or of one Enterprise Server."""

    env: Mapping[str, str]
    redact: Redactor
    progress: Progress
    token_name: str = _VARIABLE
    """What the token is called for people."""
    patience: Patience | None = None

    def hindrance(self) -> UsageError | None:
        """Why none can be opened, as far as the variables tell."""
        if not self.env.get("GITHUB_TOKEN"):
            return UsageError("no pull request can be opened: GITHUB_TOKEN isn't set", hint=_TOKEN)
        if not REPOSITORY.fullmatch(self.env.get("GITHUB_REPOSITORY", "")):
            message = "no pull request can be opened: GITHUB_REPOSITORY names no repository"
            return UsageError(message, hint="run in a GitHub job, which has it")
        try:
            api_of(self.env)
        except UsageError as error:
            return error
        return None

    def plan(self, step: str, source: str, target: str) -> Sequence[Action]:
        """The look for an open one, then the pull request."""
        if error := self.hindrance():
            return [refused(step, error)]
        url = f"{api_of(self.env)}/repos/{self.env['GITHUB_REPOSITORY']}/pulls"
        look = f"ask for an open pull request of {source}, before anything is pushed"
        return [
            Action(step=step, kind="request", summary=look, method="GET", url=url),
            planned(step, "pull request", source, target, url),
        ]

    @contextmanager
    def at(self, address: str | None) -> Iterator[GitHubRepository]:
        """The repository of a remote. Whether the token may write shows when it does."""
        if error := self.hindrance():
            raise error
        server = self.env.get("GITHUB_SERVER_URL") or "https://github.com"
        repository = project_of(address, server=server, own=self.env["GITHUB_REPOSITORY"])
        if not REPOSITORY.fullmatch(repository):
            message = f"{repository[:100]!r} is no repository that could have a pull request"
            raise UsageError(message, hint="name a remote of OWNER/NAME under `commit.remote`")
        api = GitHubApi(
            api_of(self.env),
            self.env["GITHUB_TOKEN"],
            env=self.env,
            redact=self.redact,
            progress=self.progress,
            patience=self.patience,
        )
        with closing(api):
            try:
                yield GitHubRepository(api, repository)
            except GitHubError as refused:
                if self.token_name != _VARIABLE and refused.status in (401, 403, 404) and refused.code != "rate-limit":
                    refused.hint = f"give {self.token_name} a token that may write contents and pull requests there"
                raise


class GitHubRepository(RequestProject):
    """Pull requests between branches of one repository."""

    taken = 422

    def __init__(self, api: GitHubApi, repository: str) -> None:
        self._api = api
        self._owner = repository.partition("/")[0]
        self._path = f"/repos/{repository}/pulls"

    def find(self, source: str, target: str) -> Request | None:
        """The one that is open."""
        found = self._listed(source, target, "open", most=1)
        return _request(found[0]) if found else None

    def was_merged(self, source: str, target: str, revision: str) -> bool:
        """True where one was merged at this commit."""
        closed = self._listed(source, target, "closed", most=_MERGED_SHOWN)
        return any(bool(f.get("merged_at")) and (f.get("head") or {}).get("sha") == revision for f in closed)

    def _create(self, draft: Draft) -> Request:
        document = {"head": draft.source, "base": draft.target, "title": draft.title, "body": draft.description}
        return _request(self._asked("POST", self._path, document))

    def _change(self, request: Request, draft: Draft) -> Request:
        document = {"title": draft.title, "body": draft.description}
        return _request(self._asked("PATCH", f"{self._path}/{request.number}", document))

    def _asked(self, method: str, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._api.post(path, document) if method == "POST" else self._api.change(method, path, document)
        except GitHubError as error:
            if error.status == 403 and error.code != "rate-limit":
                error.hint = _SETTING if _NOT_PERMITTED.search(error.said) else f"give the job `{_PERMISSIONS}`"
            raise

    def _listed(self, source: str, target: str, state: str, *, most: int) -> list[dict[str, Any]]:
        asked = {"state": state, "head": f"{self._owner}:{source}", "base": target, "per_page": str(most)}
        return self._api.listed(f"{self._path}?{urlencode(asked)}")


def _request(found: Mapping[str, Any]) -> Request:
    number, url = found.get("number"), found.get("html_url")
    if not isinstance(number, int) or not isinstance(url, str):
        message = "GitHub tells of a pull request without its number and address"
        raise HttpError(message, hint="look at who answers for GITHUB_API_URL: a proxy, perhaps")
    title, body = found.get("title"), found.get("body")
    return Request(number=number, url=url, title=str(title or ""), description=str(body or ""))
