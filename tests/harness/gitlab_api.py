"""GitLab's merge requests and tokens, strict: written from the REST API's description, it refuses what GitLab would.

Source: GitLab, "REST API authentication", "Merge requests API", "Personal access tokens API", "CI/CD job token" (the
endpoints that a job token may use: merge requests aren't among them), lib/api/api_guard.rb (the words).
"""

from __future__ import annotations

import json
import re
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.harness.proxy import Answer, Exchange, FaultServer, Rule
from tests.harness.requests import Kept, Requests, query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.harness.proxy import Behaviour

_JSON = {"content-type": "application/json"}
_LISTED_BY = {"state", "source_branch", "target_branch", "per_page", "page", "order_by", "sort"}
_CREATED_BY = {"source_branch", "target_branch", "title", "description", "remove_source_branch", "squash"}
_UPDATED_BY = {"title", "description", "state_event", "remove_source_branch", "squash", "target_branch"}
_STATES = {"opened": "open", "merged": "merged", "closed": "closed"}
LONGEST_TITLE, LONGEST_DESCRIPTION = 255, 1_048_576


class Refused(Exception):  # noqa: N818 an answer, not a fault
    """What GitLab answers instead."""

    def __init__(self, status: int, **document: Any) -> None:
        super().__init__(status, document)
        self.answer = Answer(status, dict(_JSON), json.dumps(document).encode())


@dataclass
class Token:
    """An access token."""

    scopes: tuple[str, ...] = ("api",)
    active: bool = True
    expires: str = "2099-01-01"
    role: int = 30
    """30: Developer, 20: Reporter, 0: no member."""
    value: str = field(default_factory=lambda: f"glpat-canary{uuid.uuid4().hex}")


@dataclass
class GitLab:
    """The API of one private project."""

    requests: Requests
    number: str = "42"
    project: str = "acme/shop"
    tokens: list[Token] = field(default_factory=lambda: [Token()])
    job_token: str = field(default_factory=lambda: f"glcbt-canary{uuid.uuid4().hex}")
    server: FaultServer = field(default_factory=FaultServer)

    @contextmanager
    def running(self) -> Iterator[GitLab]:
        """Serve until the block ends."""
        with self.server.running():
            self.server.rule("", "", self._answer, times=10**6)
            yield self

    @property
    def url(self) -> str:
        """`CI_API_V4_URL`."""
        return f"http://{self.server.host}/api/v4"

    def fault(self, method: str, path: str, behaviour: Behaviour, *, times: int = 1, skip: int = 0) -> None:
        """Behave like this before anything else."""
        self.server.rules.insert(0, Rule(method, path, behaviour, times, skip))

    def writes(self) -> int:
        """How often something was to be changed."""
        return sum(1 for exchange in self.server.seen if exchange.method not in ("GET", "HEAD"))

    def _answer(self, exchange: Exchange) -> None:
        try:
            with self.requests.lock:
                status, document = self._served(exchange)
        except Refused as refused:
            exchange.answer(refused.answer)
        else:
            exchange.answer(Answer(status, dict(_JSON), json.dumps(document).encode()))

    def _served(self, exchange: Exchange) -> tuple[int, Any]:
        path, asked = query(exchange.path)
        token = self._caller(exchange.headers)
        if path == "/api/v4/personal_access_tokens/self" and exchange.method == "GET":
            return 200, {
                "id": 7,
                "name": "bot",
                "revoked": False,
                "scopes": list(token.scopes),
                "user_id": 24,
                "active": token.active,
                "expires_at": token.expires,
            }
        found = re.fullmatch(r"/api/v4/projects/([^/]+)/merge_requests(?:/([0-9]+))?", path)
        if not found:
            raise Refused(404, error="404 Not Found")
        self._check_scope(exchange.method, token)
        if unquote(found[1]) not in (self.number, self.project) or token.role < 10:
            raise Refused(404, message="404 Project Not Found")
        if exchange.method == "GET" and not found[2]:
            return 200, self._listed(asked)
        if token.role < 30:
            raise Refused(403, message="403 Forbidden")
        if exchange.method == "POST" and not found[2]:
            return 201, self._told(self._created(_body(exchange, _CREATED_BY)))
        if exchange.method == "PUT" and found[2]:
            return 200, self._told(self._updated(int(found[2]), _body(exchange, _UPDATED_BY)))
        raise Refused(405, error="405 Not Allowed")

    def _caller(self, headers: Mapping[str, str]) -> Token:
        if "job-token" in headers or self.job_token in headers.get("private-token", ""):
            raise Refused(401, message="401 Unauthorized")
        known = {token.value: token for token in self.tokens}
        token = known.get(headers.get("private-token", ""))
        if token is None:
            raise Refused(401, message="401 Unauthorized")
        if not token.active:
            words = "Token was revoked. You have to re-authorize from the user."
            raise Refused(401, error="invalid_token", error_description=words)
        return token

    def _check_scope(self, method: str, token: Token) -> None:
        enough = {"api", "read_api"} if method == "GET" else {"api"}
        if not enough & set(token.scopes):
            words = "The request requires higher privileges than provided by the access token."
            raise Refused(403, error="insufficient_scope", error_description=words, scope=" ".join(sorted(enough)))

    def _listed(self, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        if unknown := sorted(set(asked) - _LISTED_BY):
            raise Refused(400, error=f"{unknown[0]} is not known")
        if asked.get("state", "opened") not in _STATES:
            raise Refused(400, error="state does not have a valid value")
        state = _STATES[asked["state"]] if "state" in asked else None
        found = [
            self._told(kept)
            for kept in reversed(self.requests.all)
            if state in (None, kept.state)
            and asked.get("source_branch", kept.source) == kept.source
            and asked.get("target_branch", kept.target) == kept.target
        ]
        return found[: int(asked.get("per_page", "20"))]

    def _created(self, body: Mapping[str, Any]) -> Kept:
        missing = [name for name in ("source_branch", "target_branch", "title") if not body.get(name)]
        if missing:
            raise Refused(400, error=f"{missing[0]} is missing")
        source, target = body["source_branch"], body["target_branch"]
        for kept in self.requests.open:
            if (kept.source, kept.target) == (source, target):
                words = f"Another open merge request already exists for this source branch: !{kept.number}"
                raise Refused(409, message=[words])
        if not self.requests.has(source) or not self.requests.has(target):
            raise Refused(400, message={"validate_branches": ["Source branch or target branch does not exist"]})
        return self.requests.add(source, target, body["title"], body.get("description") or "")

    def _updated(self, number: int, body: Mapping[str, Any]) -> Kept:
        kept = next((kept for kept in self.requests.all if kept.number == number), None)
        if kept is None:
            raise Refused(404, message="404 Not found")
        if not body:
            raise Refused(400, error="title, description are missing, at least one parameter must be provided")
        kept.title, kept.description = body.get("title", kept.title), body.get("description", kept.description)
        return kept

    def _told(self, kept: Kept) -> dict[str, Any]:
        state = next(word for word, ours in _STATES.items() if ours == kept.state)
        return {
            "id": 1000 + kept.number,
            "iid": kept.number,
            "state": state,
            "source_branch": kept.source,
            "target_branch": kept.target,
            "title": kept.title,
            "description": kept.description,
            "sha": self.requests.head(kept),
            "web_url": f"https://gitlab.example.com/{self.project}/-/merge_requests/{kept.number}",
        }


def _body(exchange: Exchange, known: set[str]) -> dict[str, Any]:
    if exchange.headers.get("content-type") != "application/json":
        raise Refused(415, error="The provided content-type is not supported.")
    try:
        body: dict[str, Any] = json.loads(exchange.body)
    except ValueError:
        raise Refused(400, error="Problem in the JSON you submitted") from None
    if unknown := sorted(set(body) - known):
        raise Refused(400, error=f"{unknown[0]} is not known")
    for name, value in body.items():
        if not isinstance(value, bool if name in ("remove_source_branch", "squash") else str):
            raise Refused(400, error=f"{name} is invalid")
    if len(body.get("title", "")) > LONGEST_TITLE:
        raise Refused(400, message={"title": [f"is too long (maximum is {LONGEST_TITLE} characters)"]})
    if len(body.get("description", "")) > LONGEST_DESCRIPTION:
        raise Refused(400, message={"description": ["is too long"]})
    if any(line.startswith("/") for line in body.get("description", "").splitlines()):
        raise Refused(400, message="a quick action would be done")
    return body
