"""What a registry's error answer says, as our error."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.text import neutralise
from ci_toolkit.transport import HttpError, is_temporary, status_line
from ci_toolkit.trust import without_query

if TYPE_CHECKING:
    from ci_toolkit.transport import Reply

_HINTS = {
    401: "the login was refused: check it with `docker login`",
    403: "the login is valid but may not do this: check its permissions on the repository",
    405: "the registry doesn't allow this, an immutable or locked tag perhaps",
    413: "the registry, or a proxy in front of it, limits the size of what is uploaded",
    429: "the registry limits the rate of requests: wait, or log in with a larger budget",
}
_CODE_HINTS = {
    "NAME_UNKNOWN": "does the repository exist? Some registries want it created first",
    "TAG_IMMUTABLE": "the tag is immutable and has another digest: give a new tag",
    "MANIFEST_BLOB_UNKNOWN": "the registry lost a blob: run the push again",
}
_MAY_KEEP = frozenset({400, 403, 405, 409, 412})
_SURELY_KEEP = frozenset({405, 409})
_KEEP_CODES = frozenset({"TAG_IMMUTABLE", "TAG_INVALID", "IMAGETAGALREADYEXISTSEXCEPTION", "PRECONDITION"})
_KEEPS = re.compile(r"immutab|overwrit|already exists|\block(?:ed|s)?\b|protected", re.IGNORECASE)
"""How the vendors word it: no standard names an answer for a tag that may not be moved."""


def keeps_tag(error: HttpError) -> bool:
    """True for the answers by which registries refuse to move an immutable tag; whether they do, a look must tell.

    Sources: ECR (400 TAG_INVALID), Harbor (412 PRECONDITION), ACR (405), Docker Hub and GitLab (403, in words).
    """
    if error.status not in _MAY_KEEP:
        return False
    worded = _KEEPS.search(error.message.partition(": ")[2])
    return error.status in _SURELY_KEEP or error.code.upper() in _KEEP_CODES or bool(worded)


def error_of(reply: Reply, operation: str, *, hint: str = "") -> HttpError:
    """The error of an answer, with the registry's own code and message, made harmless for a log.

    Source: OCI distribution spec, "Error Codes".
    """
    code, message = _first(reply.body)
    said = ": ".join(part for part in (status_line(reply.status), code, message) if part)
    return HttpError(
        f"{operation} {without_query(reply.url)}: {said}",
        hint=hint or _CODE_HINTS.get(code) or _HINTS.get(reply.status, ""),
        status=reply.status,
        code=code,
        temporary=is_temporary(reply.status),
        retry_after=reply.headers.get("retry-after", ""),
    )


def _first(body: bytes) -> tuple[str, str]:
    try:
        document: Any = json.loads(body)
        error = document["errors"][0]
        code, message = str(error.get("code") or ""), str(error.get("message") or "")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        code, message = "", body.decode("utf-8", "replace").strip()
    return neutralise(code)[:60], neutralise(" ".join(message.split()))[:300]
