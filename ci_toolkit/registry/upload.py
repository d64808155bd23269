"""Getting a blob into a repository: found there, mounted from a neighbour, or sent.

Source: OCI distribution spec 1.1, "Pushing Blobs".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import IntegrityError
from ci_toolkit.registry import auth
from ci_toolkit.registry.blob import LayoutBlob

if TYPE_CHECKING:
    from ci_toolkit.answers import Reply
    from ci_toolkit.registry.blob import Blob
    from ci_toolkit.registry.client import RepositoryClient

How = Literal["present", "mounted", "uploaded"]
_DONE = (200, 201, 202, 204)
_SESSION_LOST = frozenset({404, 416})
_CHUNK = 16 * 1024 * 1024
_STUCK = 3
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")
_BINARY = {"Content-Type": "application/octet-stream"}


def bring_blob(
    repository: RepositoryClient, blob: Blob, *, mount_from: str | None = None, look_first: bool = True
) -> How:
    """Make sure that the repository holds the blob. `mount_from`: a repository of the same host that has it.

    `look_first`: ask whether it is there; a mount makes that needless, for it succeeds then too. A broken upload
    starts again after a look whether it arrived. Raises IntegrityError, HttpError.
    """
    digest, source, sending, look = blob.descriptor.digest, mount_from, False, look_first

    def attempt() -> How:
        nonlocal source, sending, look
        if look and repository.has_blob(digest):
            return "uploaded" if sending else "present"
        look = True
        start: Reply | None = None
        if source:
            start = _mount(repository, str(digest), source)
            source = None
            if start and start.status == 201:
                return "mounted"
            if not look_first and repository.has_blob(digest):
                return "present"
        with blob.ready():
            if start is None:
                path = f"/v2/{repository.path}/blobs/uploads/"
                start = repository.host.exchange("POST", path, repository.scopes, allow=(202,))
            sending = True
            _send(repository, blob, start)
        return "uploaded"

    return repository.host.persist(attempt)


def _mount(repository: RepositoryClient, digest: str, source: str) -> Reply | None:
    """201: done; 202: an upload was begun instead; None: no luck, begin without."""
    path = f"/v2/{repository.path}/blobs/uploads/?mount={quote(digest, safe='')}&from={quote(source, safe='')}"
    scopes = repository.scopes | {auth.pull(source)}
    try:
        return repository.host.exchange("POST", path, scopes, allow=(201, 202))
    except HttpError:
        return None


def _send(repository: RepositoryClient, blob: Blob, start: Reply) -> None:
    location, in_chunks = _location(repository, start), False
    least = start.headers.get("oci-chunk-min-length", "")
    try:
        # A blob that streams in from elsewhere can't be cut without fetching it twice; whole it is never refused.
        if isinstance(blob, LayoutBlob) and least.isdecimal() and len(blob) > max(int(least), _CHUNK):
            in_chunks = True
            blob.verify()
            location = _send_chunks(repository, blob, location, max(int(least), _CHUNK))
        joint = "&" if "?" in location else "?"
        repository.host.exchange(
            "PUT",
            f"{location}{joint}digest={quote(str(blob.descriptor.digest), safe='')}",
            repository.scopes,
            headers=_BINARY,
            body=b"" if in_chunks else blob,
            allow=_DONE,
        )
    except HttpError as error:
        if error.code == "DIGEST_INVALID":
            message = f"blob {blob.descriptor.digest} arrived as something else: {error.message}"
            raise IntegrityError(
                message, hint="build again; if it stays, something on the way changes bytes"
            ) from error
        error.temporary = error.temporary or error.status in _SESSION_LOST
        raise


def _send_chunks(repository: RepositoryClient, blob: LayoutBlob, location: str, length: int) -> str:
    offset, stuck = 0, 0
    while offset < len(blob):
        part = blob.part(offset, min(length, len(blob) - offset))
        headers = {**_BINARY, "Content-Range": f"{offset}-{offset + len(part) - 1}"}
        reply = repository.host.exchange(
            "PATCH", location, repository.scopes, headers=headers, body=part, allow=(202, 416)
        )
        if reply.status == 416:
            session = _location(repository, reply, location)
            reply = repository.host.exchange("GET", session, repository.scopes, allow=(204,))
        received = _RANGE.fullmatch(reply.headers.get("range", ""))
        arrived = int(received[1]) + 1 if received else offset + len(part)
        stuck = stuck + 1 if arrived <= offset else 0
        if stuck >= _STUCK or arrived > len(blob):
            message = f"the upload to {repository.host.name}/{repository.path} doesn't move on from byte {offset}"
            raise HttpError(message, temporary=True)
        offset, location = arrived, _location(repository, reply, location)
    return location


def _location(repository: RepositoryClient, reply: Reply, known: str = "") -> str:
    location = reply.headers.get("location", "")
    if not location and not known:
        message = f"{repository.host.name} began an upload and doesn't say where"
        raise HttpError(message)
    return repository.host.follow(reply, location) if location else known
