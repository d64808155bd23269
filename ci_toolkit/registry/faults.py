"""What a registry's error answer says, as our error."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.answers import HttpError, is_temporary, status_line
from ci_toolkit.model.text import neutralise
from ci_toolkit.registry.budget import asked_to_wait, budget_of
from ci_toolkit.trust import without_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.answers import Reply

_TOO_MANY = 429
_LIMITED = "wait and run it again, log in for a larger limit, or go through a mirror"
_HINTS = {
    401: "the login was refused: check it with `docker login`",
    403: "the login is valid but may not do this: check its permissions on the repository",
    405: "the registry doesn't allow this: is it read-only, or the tag locked or immutable?",
    413: "the registry, or a proxy before it, limits the size of an upload: raise that limit, or make layers smaller",
    429: _LIMITED,
    507: "the registry's disk is full: clean it up, then run the push again",
}
_CODE_HINTS = {
    "NAME_UNKNOWN": "does the repository exist? Some registries want it created first",
    "TAG_IMMUTABLE": "the tag is immutable and has another digest: give a new tag",
    "MANIFEST_BLOB_UNKNOWN": "the registry lost a blob: run the push again",
    "PROJECTPOLICYVIOLATION": "the project's policy holds back images with vulnerabilities or without a scan: "
    "wait for its scan and run the push again, or change the policy",
    "QUOTAEXCEEDED": "the registry's quota is used up: clean it up or raise it, then run the push again",
    "TOOMANYREQUESTS": _LIMITED,
}
_WORDED_HINTS = (
    (
        403,
        re.compile(r"not allowed access|firewall|ip address", re.IGNORECASE),
        "the registry lets only certain addresses in: add this machine's to its network rules",
    ),
    (
        403,
        re.compile(r"quota|storage (?:limit|size)", re.IGNORECASE),
        _CODE_HINTS["QUOTAEXCEEDED"],
    ),
    (
        403,
        re.compile(r"protected", re.IGNORECASE),
        "the repository or tag is protected: push from a branch or as a user that may write it",
    ),
    (
        404,
        re.compile(r"repository.*does not exist", re.IGNORECASE),
        "create the repository first, or let it be created: `create: true` under `registries` (ECR)",
    ),
    (
        500,
        re.compile(r"no space left|disk (?:is )?full|quota", re.IGNORECASE),
        _HINTS[507],
    ),
)
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

    `hint` is what to do where the answer itself gives no better advice. Source: OCI distribution spec, "Error Codes".
    """
    code, message = _first(reply.body)
    retry_after = reply.headers.get("retry-after", "")
    limit = _limit(reply.headers, retry_after) if reply.status == _TOO_MANY else ""
    said = ": ".join(part for part in (status_line(reply.status), code, message, limit) if part)
    return HttpError(
        f"{operation} {without_query(reply.url)}: {said}",
        hint=_worded_hint(reply.status, message) or hint or _CODE_HINTS.get(code) or _HINTS.get(reply.status, ""),
        status=reply.status,
        code=code,
        temporary=is_temporary(reply.status),
        retry_after=retry_after,
    )


def _worded_hint(status: int, message: str) -> str:
    """Advice for what registries say in words alone; no code tells these apart."""
    return next((hint for s, pattern, hint in _WORDED_HINTS if s == status and pattern.search(message)), "")


def _limit(headers: Mapping[str, str], retry_after: str) -> str:
    budget, wait = budget_of(headers), asked_to_wait(retry_after)
    parts = (budget.told() if budget else "", f"it asks us to wait {wait}" if wait else "")
    return ", ".join(part for part in parts if part)


def _first(body: bytes) -> tuple[str, str]:
    try:
        document: Any = json.loads(body)
        error = document["errors"][0]
        code, message = str(error.get("code") or ""), str(error.get("message") or "")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        code, message = "", body.decode("utf-8", "replace").strip()
    return neutralise(code)[:60], neutralise(" ".join(message.split()))[:300]
