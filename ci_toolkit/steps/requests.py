"""What a commit step asks of a code host: a request to merge its branch, opened or brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from ci_toolkit.errors import UsageError
    from ci_toolkit.model.plan import Action
    from ci_toolkit.model.request import Draft, Request


class RequestHost(Protocol):
    """A code host with one project, logged in."""

    def find(self, source: str, target: str) -> Request | None:
        """The open request from one branch into another. Raises RemoteError."""

    def was_merged(self, source: str, target: str, revision: str) -> bool:
        """True where a request from one branch into another was merged when it was at this commit."""

    def open(self, draft: Draft) -> Request:
        """Open it; one that somebody else opened meanwhile is taken for it. Raises RemoteError, UsageError."""

    def update(self, request: Request, draft: Draft) -> Request:
        """Give an open one this title and description. Raises RemoteError, UsageError."""


class RequestHosts(Protocol):
    """Where requests are made; `ci_toolkit.ci.gitlab_requests` and `github_requests` are the ones."""

    def hindrance(self) -> UsageError | None:
        """Why none can be made, as far as the job's variables tell."""

    def plan(self, step: str, source: str, target: str) -> Sequence[Action]:
        """The requests that are made, with nothing connected; a word instead where none can be."""

    def at(self, address: str | None) -> AbstractContextManager[RequestHost]:
        """The host of a remote with this web address, its token looked at; None: the job's own project.

        Raises UsageError where the token can't do it, or the remote is somewhere else; RemoteError.
        """
