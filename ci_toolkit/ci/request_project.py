"""Which project of a code host a git remote is."""

from __future__ import annotations

from urllib.parse import urlsplit

from ci_toolkit.errors import UsageError
from ci_toolkit.model.text import neutralise


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
