"""Whether a run may act for the repository it runs in: what somebody else started may look, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ci_toolkit.errors import VerdictError

if TYPE_CHECKING:
    from ci_toolkit.model.context import CiContext

Deed = Literal["login", "push", "promote", "commit"]
"""What a run does in the repository's name."""
DEEDS: tuple[Deed, ...] = ("login", "push", "promote", "commit")
Kind = Literal["forks", "pull-request-target"]
"""Who else may start one, by the config's word. The second is the dangerous one: the run has secrets."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a run isn't trusted, in plain words."""

    kind: Kind
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """What a run may do: everything, or where there is a doubt what the base revision's config allows."""

    doubt: Doubt | None = None
    allowed: frozenset[Deed] = frozenset()
    unknown: str = ""
    """Why nobody could tell what is allowed, and what to do."""

    def allows(self, deed: Deed) -> bool:
        """Whether the run may do it."""
        return self.doubt is None or deed in self.allowed

    def why_not(self, deed: Deed) -> str:
        """Why it may not, in a line; empty where it may."""
        return f"this run isn't trusted: {self.doubt.reason}" if self.doubt and not self.allows(deed) else ""

    def require(self, deed: Deed) -> None:
        """Raise VerdictError where the run may not do it."""
        if self.doubt and not self.allows(deed):
            message = f"{deed}: refused, because {self.why_not(deed)}"
            allow = f"whoever means it writes `trust.{self.doubt.kind}: [{deed}]` into the base branch's config"
            raise VerdictError(message, hint=self.unknown or allow)

    @property
    def notice(self) -> str:
        """What is to be said once about the run; empty where it is trusted."""
        if self.doubt is None:
            return ""
        denied = ", ".join(deed for deed in DEEDS if not self.allows(deed)) or "nothing"
        why = f" ({self.unknown})" if self.unknown else ""
        return f"this run isn't trusted: {self.doubt.reason}; not allowed: {denied}{why}"


def doubt_about(context: CiContext) -> Doubt | None:
    """Why this run isn't trusted; None where only the repository's own people can have started it.

    Source: GitHub, "Events that trigger workflows" and "Secure use reference": a fork's `pull_request` has a token
    that only reads and no secrets; `pull_request_target`, `workflow_run` and `issue_comment` have both.
    """
    here = f"the fork {context.head_repository}" if context.head_repository else "a fork that is gone, or isn't named"
    name = context.event_name
    if name == "pull_request_target":
        return Doubt(
            "pull-request-target",
            "pull_request_target runs with the base repository's secrets on somebody else's change",
        )
    if name == "workflow_run" and context.from_fork:
        return Doubt("pull-request-target", f"workflow_run follows, with this repository's secrets, a run from {here}")
    if name == "issue_comment" and context.event == "pull_request":
        return Doubt(
            "pull-request-target",
            "a comment started it, with this repository's secrets, and a pull request is checked out",
        )
    if context.from_fork:
        request = "merge request" if context.platform == "gitlab" else "pull request"
        return Doubt("forks", f"a {request} from {here}")
    return None
