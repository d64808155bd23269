"""What an event of GitHub says of the change that a run is about: whose it is, and what it is to be judged against.

The payload is believed as far as its types go: what should be an object and is none tells nothing.
Sources: GitHub, "Events that trigger workflows" and "Webhook events and payloads".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUESTS = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment"})
"""What runs on the merge of a pull request with its base, without secrets where that is a fork's."""
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_REVISION = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change that is no push to a branch of the repository."""

    is_request: bool = False
    """It is a pull request."""
    is_merged: bool = False
    """GITHUB_SHA is its merge with the base, a commit that can't be found later."""
    number: int | None = None
    head_revision: str | None = None
    head_repository: str | None = None
    base_revision: str | None = None
    base_branch: str | None = None
    from_fork: bool = False
    """It comes from another repository, or the event doesn't say from which."""


def change_of(
    name: str, event: Mapping[str, Any], *, repository: str, sha: str | None, revision: str | None
) -> Change | None:
    """The change that an event of this name is about; None where it is none.

    `repository`, `sha`: GITHUB_REPOSITORY and GITHUB_SHA; `revision`: what is checked out.
    """
    if name in _REQUESTS or name == "pull_request_target":
        return _request(event, repository, is_merged=name in _REQUESTS)
    if name == "merge_group":
        base = at(event, "merge_group")
        branch = text(at(base, "base_ref"))
        return Change(
            base_revision=revision_id(at(base, "base_sha")),
            base_branch=branch.removeprefix("refs/heads/") if branch else None,
        )
    if name == "workflow_run":
        head = _repository(at(event, "workflow_run", "head_repository"))
        here = _repository(at(event, "workflow_run", "repository")) or repository
        return Change(base_revision=revision_id(sha), head_repository=head, from_fork=head is None or head != here)
    if name == "issue_comment" and at(event, "issue", "pull_request") is not None and revision != sha:
        return Change(is_request=True, number=number(at(event, "issue", "number")), base_revision=revision_id(sha))
    return None


def _request(event: Mapping[str, Any], repository: str, *, is_merged: bool) -> Change:
    pull = at(event, "pull_request")
    head, base = _repository(at(pull, "head", "repo")), _repository(at(pull, "base", "repo")) or repository
    return Change(
        is_request=True,
        is_merged=is_merged,
        number=number(at(pull, "number")),
        head_revision=revision_id(at(pull, "head", "sha")),
        head_repository=head,
        base_revision=revision_id(at(pull, "base", "sha")),
        base_branch=text(at(pull, "base", "ref")),
        from_fork=head is None or head != base,
    )


def _repository(value: Any) -> str | None:
    name = text(at(value, "full_name"))
    return name if name and _REPOSITORY.fullmatch(name) else None


def at(document: Any, *keys: str) -> Any:
    """What lies below these keys; None where one of them isn't there, or what it is in is no object."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def text(value: Any) -> str | None:
    """The value, if it is text that isn't empty."""
    return value if isinstance(value, str) and value else None


def revision_id(value: Any) -> str | None:
    """The value, if it is a whole commit id."""
    return value if isinstance(value, str) and _REVISION.fullmatch(value) else None


def number(value: Any) -> int | None:
    """The value as a number, if it is one of at most twelve digits."""
    return int(value) if re.fullmatch(r"[0-9]{1,12}", str(value)) else None
