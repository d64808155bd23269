"""GitLab's merge requests. Source: GitLab, "Merge requests API", "Personal access tokens API" (`self`)."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ci_toolkit.answers import HttpError
from ci_toolkit.ci.gitlab_api import HOW_TO_GET_ONE, TOKEN, GitLabApi, api_of
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

_SCOPE = "api"
_GRANULAR = "granular"
"""A fine-grained token's only scope: what it may do isn't told."""
_SOON = timedelta(days=14)
_MERGED_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class GitLabRequests:
    """Merge requests of the projects of one server."""

    env: Mapping[str, str]
    redact: Redactor
    progress: Progress
    today: date
    token_name: str = TOKEN
    """What the token is called for people."""
    patience: Patience | None = None

    def hindrance(self) -> UsageError | None:
        """Why none can be opened, as far as the variables tell."""
        if not self.env.get(TOKEN):
            message = f"no merge request can be opened: {TOKEN} isn't set, and the job's own token may not open one"
            return UsageError(message, hint=HOW_TO_GET_ONE)
        try:
            api_of(self.env)
        except UsageError as error:
            return error
        return None

    def plan(self, step: str, source: str, target: str) -> Sequence[Action]:
        """The look at the token, then the merge request."""
        if error := self.hindrance():
            return [refused(step, error)]
        base = api_of(self.env)
        url = f"{base}/projects/{_escaped(self._number_of(self._own()))}/merge_requests"
        look = f"ask whether {self.token_name} may open merge requests, before anything is pushed"
        return [
            Action(step=step, kind="request", summary=look, method="GET", url=f"{base}/personal_access_tokens/self"),
            planned(step, "merge request", source, target, url),
        ]

    @contextmanager
    def at(self, address: str | None) -> Iterator[GitLabProject]:
        """The project of a remote, once the token was looked at."""
        if error := self.hindrance():
            raise error
        project = project_of(address, server=self.env.get("CI_SERVER_URL", ""), own=self._own())
        api = GitLabApi(
            api_of(self.env),
            self.env[TOKEN],
            env=self.env,
            redact=self.redact,
            progress=self.progress,
            patience=self.patience,
        )
        with closing(api):
            self._check(api)
            yield GitLabProject(api, self._number_of(project))

    def _own(self) -> str:
        return self.env.get("CI_PROJECT_PATH", "")

    def _number_of(self, project: str) -> str:
        """The job's own project by its number, which stays; another by its path."""
        return (self.env.get("CI_PROJECT_ID") or project) if project == self._own() else project

    def _check(self, api: GitLabApi) -> None:
        """Raise UsageError for a token that GitLab says can't do it; one it says nothing of may try."""
        try:
            token = api.get("/personal_access_tokens/self")
        except HttpError as error:
            if error.status == 401:
                message = f"GitLab refuses {self.token_name}, and nothing is pushed: {error.message}"
                raise UsageError(message, hint=HOW_TO_GET_ONE) from error
            if error.status in (400, 403, 404):
                self.progress.debug(f"the scopes of {self.token_name} aren't known: {error.message}")
                return
            raise
        scopes = [str(scope) for scope in token.get("scopes") or ()]
        ends = _day(token.get("expires_at"))
        reason = "isn't valid any more" if token.get("active") is False or token.get("revoked") is True else ""
        if not reason and scopes and not {_SCOPE, _GRANULAR} & set(scopes):
            reason = f"has the scopes {api.harmless(', '.join(sorted(scopes)))}, and a merge request wants `{_SCOPE}`"
        if reason:
            message = f"no merge request can be opened, and nothing is pushed: {self.token_name} {reason}"
            raise UsageError(message, hint=HOW_TO_GET_ONE)
        if ends and ends - self.today <= _SOON:
            self.progress.warn(f"{self.token_name} expires on {ends}: rotate it before")


class GitLabProject(RequestProject):
    """Merge requests of one project; a branch goes once its request is merged."""

    taken = 409

    def __init__(self, api: GitLabApi, project: str) -> None:
        self._api = api
        self._path = f"/projects/{_escaped(project)}/merge_requests"

    def find(self, source: str, target: str) -> Request | None:
        """The one that is open."""
        found = self._listed(source, target, "opened", most=1)
        return _request(found[0]) if found else None

    def was_merged(self, source: str, target: str, revision: str) -> bool:
        """True where one was merged at this commit."""
        return any(
            found.get("sha") == revision for found in self._listed(source, target, "merged", most=_MERGED_SHOWN)
        )

    def _create(self, draft: Draft) -> Request:
        document = {
            "source_branch": draft.source,
            "target_branch": draft.target,
            "title": draft.title,
            "description": draft.description,
            "remove_source_branch": True,
        }
        return _request(self._api.post(self._path, document))

    def _change(self, request: Request, draft: Draft) -> Request:
        document = {"title": draft.title, "description": draft.description}
        return _request(self._api.change("PUT", f"{self._path}/{request.number}", document))

    def _listed(self, source: str, target: str, state: str, *, most: int) -> list[dict[str, Any]]:
        asked = {"state": state, "source_branch": source, "target_branch": target, "per_page": str(most)}
        return self._api.listed(f"{self._path}?{urlencode(asked)}")


def _request(found: Mapping[str, Any]) -> Request:
    number, url = found.get("iid"), found.get("web_url")
    if not isinstance(number, int) or not isinstance(url, str):
        message = "GitLab tells of a merge request without its number and address"
        raise HttpError(message, hint="look at who answers for CI_API_V4_URL: a proxy, perhaps")
    description = found.get("description")
    title = found.get("title")
    return Request(number=number, url=url, title=str(title or ""), description=str(description or ""))


def _escaped(project: str) -> str:
    """A project's path or number, as it stands in an address."""
    return quote(project, safe="")


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
