"""A code host's project, as requests to merge are made there: which one a git remote is, and how one is opened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import UsageError
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from ci_toolkit.model.request import Draft, Request


class RequestProject(ABC):
    """Requests to merge between branches of one project. Errors are HttpErrors."""

    taken: ClassVar[int]
    """The status by which the host says that there is one already."""

    @abstractmethod
    def find(self, source: str, target: str) -> Request | None:
        """The one that is open."""

    def open(self, draft: Draft) -> Request:
        """Open it; where it may be there all the same, after a 5xx or no answer at all, it is looked for."""
        try:
            return self._create(draft)
        except HttpError as error:
            may_be_there = error.status is None or error.status == self.taken or error.status >= 500
            found = self.find(draft.source, draft.target) if may_be_there else None
            if found is None:
                raise
            return self.update(found, draft)

    def update(self, request: Request, draft: Draft) -> Request:
        """Give it title and description, where it hasn't them."""
        same = (request.title, request.description) == (draft.title, draft.description)
        return request if same else self._change(request, draft)

    @abstractmethod
    def _create(self, draft: Draft) -> Request: ...

    @abstractmethod
    def _change(self, request: Request, draft: Draft) -> Request: ...


def project_of(address: str | None, *, server: str, own: str) -> str:
    """`GROUP/NAME` of a remote's web address; `own`, the job's project, for a remote without one.

    Raises UsageError for one that is at neither this server nor the job's project: a server may be pushed to under
    another name than its pages have.
    """
    if address is None:
        return own
    here, there = urlsplit(address), urlsplit(server)
    path, below = here.path.strip("/"), there.path.strip("/")
    at_server = here.hostname == there.hostname
    if at_server and below and path.startswith(f"{below}/"):
        path = path.removeprefix(f"{below}/")
    if path.lower() == own.lower():
        return own
    if not at_server or not path:
        message = (
            f"the remote is at {neutralise(address)}, and this job can open requests at {neutralise(server)} only"
        )
        raise UsageError(message, hint="name a remote of that server under `commit.remote`")
    return path
