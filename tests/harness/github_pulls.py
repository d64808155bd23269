"""GitHub's pull requests, strict: written from the REST API's description, it refuses what GitHub would.

Source: GitHub, "REST API endpoints for pull requests".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.harness.code_scanning import NOT_PERMITTED, GitHub, Refused
from tests.harness.requests import Kept, Requests, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.proxy import Exchange

_LISTED_BY = {"state", "head", "base", "per_page", "page", "sort", "direction"}
_CREATED_BY = {"head", "base", "title", "body", "draft", "maintainer_can_modify"}
_UPDATED_BY = {"title", "body", "state", "base", "maintainer_can_modify"}
LONGEST_TITLE, LONGEST_BODY = 256, 65_536
SETTING = "GitHub Actions is not permitted to create or approve pull requests."


@dataclass
class GitHubPulls(GitHub):
    """The endpoints of one repository. `permitted`: the token may write pull requests."""

    requests: Requests = field(kw_only=True)
    actions_may: bool = True
    """The repository's setting: Actions may create pull requests."""

    def writes(self) -> int:
        """How often something was to be changed."""
        return sum(1 for exchange in self.server.seen if exchange.method not in ("GET", "HEAD"))

    def _served(self, exchange: Exchange) -> tuple[int, Any]:
        with self.requests.lock:
            return self._found(exchange)

    def _found(self, exchange: Exchange) -> tuple[int, Any]:
        path, asked = query(exchange.path)
        found = re.fullmatch(rf"{self.prefix}/repos/{re.escape(self.repository)}/pulls(?:/([0-9]+))?", path)
        if not found:
            raise Refused(404, "Not Found")
        self._check_caller(exchange.headers)
        if exchange.method == "GET" and not found[1]:
            return 200, self._listed(asked)
        if not self.permitted:
            raise Refused(403, NOT_PERMITTED, x_accepted_github_permissions="pull_requests=write")
        if exchange.method == "POST" and not found[1]:
            return 201, self._told(self._created(_body(exchange, _CREATED_BY)))
        if exchange.method == "PATCH" and found[1]:
            return 200, self._told(self._updated(int(found[1]), _body(exchange, _UPDATED_BY)))
        raise Refused(404, "Not Found")

    def _listed(self, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        if unknown := sorted(set(asked) - _LISTED_BY):
            raise Refused(422, f"{unknown[0]} is not known")
        owner, _, source = asked.get("head", "").partition(":")
        if "head" in asked and (owner != self.repository.partition("/")[0] or not source):
            return [self._told(kept) for kept in reversed(self.requests.all)]  # as if it weren't asked for
        states = {"open": ("open",), "closed": ("closed", "merged"), "all": ("open", "closed", "merged")}
        wanted = states.get(asked.get("state", "open"))
        if wanted is None:
            raise Refused(422, "Validation Failed")
        found = [
            self._told(kept)
            for kept in reversed(self.requests.all)
            if kept.state in wanted
            and (not source or source == kept.source)
            and asked.get("base", kept.target) == kept.target
        ]
        return found[: int(asked.get("per_page", "30"))]

    def _created(self, body: Mapping[str, Any]) -> Kept:
        if not self.actions_may:
            raise Refused(403, SETTING)
        if missing := [name for name in ("head", "base", "title") if not body.get(name)]:
            raise Refused(422, f"Invalid request: {missing[0]} wasn't supplied")
        source, target = body["head"], body["base"]
        for name, branch in (("head", source), ("base", target)):
            if not self.requests.has(branch):
                raise Refused(422, f"Validation Failed: PullRequest {name} invalid")
        if any((kept.source, kept.target) == (source, target) for kept in self.requests.open):
            raise Refused(422, f"A pull request already exists for {self.repository.partition('/')[0]}:{source}.")
        if self.requests.is_empty(source, target):
            raise Refused(422, f"No commits between {target} and {source}")
        return self.requests.add(source, target, body["title"], body.get("body") or "")

    def _updated(self, number: int, body: Mapping[str, Any]) -> Kept:
        kept = next((kept for kept in self.requests.all if kept.number == number), None)
        if kept is None:
            raise Refused(404, "Not Found")
        kept.title, kept.description = body.get("title", kept.title), body.get("body", kept.description)
        return kept

    def _told(self, kept: Kept) -> dict[str, Any]:
        return {
            "id": 1000 + kept.number,
            "number": kept.number,
            "state": "open" if kept.state == "open" else "closed",
            "merged_at": "2026-01-01T00:00:00Z" if kept.state == "merged" else None,
            "title": kept.title,
            "body": kept.description,
            "head": {"ref": kept.source, "sha": self.requests.head(kept)},
            "base": {"ref": kept.target},
            "html_url": f"https://github.example.com/{self.repository}/pull/{kept.number}",
        }


def _body(exchange: Exchange, known: set[str]) -> dict[str, Any]:
    try:
        body = json.loads(exchange.body)
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(body, dict) or set(body) - known:
        raise Refused(422, "Invalid request: a key that isn't permitted")
    if any(not isinstance(body.get(name, ""), str) for name in ("title", "body", "head", "base")):
        raise Refused(422, "Invalid request: wrong type")
    if len(body.get("title", "")) > LONGEST_TITLE or len(body.get("body", "")) > LONGEST_BODY:
        raise Refused(422, "Validation Failed: too long")
    return body
