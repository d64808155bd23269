"""A request to merge a branch into another: GitLab's merge request, GitHub's pull request. Pure values."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = "<!-- ci-toolkit: {} -->"
_FOUND = re.compile(r"<!-- ci-toolkit: ([0-9a-f]{40,64}) -->")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_NAME = 100
LONGEST_TITLE = 255
"""Characters; GitLab's limit, GitHub takes one more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a request says."""

    source: str
    """The branch that is to be merged."""
    target: str
    title: str
    description: str
    """Markdown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One that is open."""

    number: int
    url: str
    title: str
    description: str

    @property
    def told(self) -> str | None:
        """The commit that its description is about; None where nobody can tell."""
        marks: list[str] = _FOUND.findall(self.description)
        return marks[-1] if marks else None


def marked(description: str, revision: str) -> str:
    """A description that says, to machines alone, which commit it is about."""
    return f"{description.rstrip()}\n\n{_MARK.format(revision)}\n"


def cut_title(subject: str) -> str:
    """A commit's subject as a title."""
    return subject if len(subject) <= LONGEST_TITLE else subject[: LONGEST_TITLE - 1] + "…"


def request_branch(prefix: str, purpose: str, target: str, *, directory: str = "") -> str:
    """The branch of a request, always the same one for a purpose, a target and the config's directory.

    >>> request_branch("ci-toolkit", "pin", "release/1", directory="services/a")
    'ci-toolkit/services-a/pin/release/1'
    """
    parts = (prefix, as_name(directory), as_name(purpose), target)
    return "/".join(part for part in parts if part)


def is_request_branch(prefix: str, branch: str | None) -> bool:
    """True for the branches that `request_branch` gives."""
    return bool(branch) and str(branch).startswith(f"{prefix}/")


def as_name(text: str) -> str:
    """Text as a part of a branch's name, in which git takes offence at nothing.

    Two texts may give the same one: whoever commits to a branch looks at what it holds.
    """
    return _NOT_IN_A_NAME.sub("-", text).strip("-")[:_LONGEST_NAME].strip("-")
