"""The events that start a workflow, with as much of GitHub's payload as anyone reads.

See https://docs.github.com/en/webhooks/webhook-events-and-payloads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_UPSTREAM = {"full_name": "acme/hello", "fork": False, "default_branch": "main", "private": False}
_FORK = {"full_name": "stranger/hello", "fork": True, "default_branch": "main", "private": False}


@dataclass(frozen=True)
class Event:
    """An event by GitHub's name for it, its payload, and who set it off."""

    name: str
    payload: dict[str, Any]
    actor: str = "octocat"


def push(sha: str, *, branch: str = "main") -> Event:
    """Someone pushed a branch."""
    return _pushed(f"refs/heads/{branch}", sha)


def tag_push(sha: str, tag: str) -> Event:
    """Someone pushed a tag."""
    return _pushed(f"refs/tags/{tag}", sha)


def pull_request(
    number: int, *, head: str, base: str, branch: str = "change", fork: bool = False, target: bool = False
) -> Event:
    """A pull request from a branch, or a fork's branch, into main; `target` is pull_request_target.

    `head` and `base` are revisions.
    """
    request = {
        "number": number,
        "head": {"ref": branch, "sha": head, "repo": _FORK if fork else _UPSTREAM},
        "base": {"ref": "main", "sha": base, "repo": _UPSTREAM},
    }
    payload = {"action": "synchronize", "number": number, "pull_request": request, "repository": _UPSTREAM}
    return Event("pull_request_target" if target else "pull_request", payload, actor="stranger" if fork else "octocat")


def _pushed(ref: str, sha: str) -> Event:
    return Event("push", {"ref": ref, "after": sha, "deleted": False, "repository": _UPSTREAM})
