"""What GitHub's refusals mean for an upload to code scanning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_toolkit.ci.analysis_target import PERMISSION
from ci_toolkit.ci.github_api import GitHubError
from ci_toolkit.errors import RemoteError, UsageError
from ci_toolkit.model.analysis import Upload

if TYPE_CHECKING:
    from ci_toolkit.answers import HttpError
    from ci_toolkit.ci.analysis_target import Target

_NOT_ACCESSIBLE = re.compile(r"not accessible by|must have (?:admin|push|write)", re.IGNORECASE)
_NOT_ENABLED = re.compile(
    r"(?:advanced security|code security|code scanning)\b.*\benabled|not enabled for code scanning", re.IGNORECASE
)
"""How GitHub words it: no code tells these two apart (docs: "Troubleshooting SARIF uploads")."""
_TURN_ON = (
    "turn code scanning on in the repository's settings (a private repository needs GitHub Code Security for it), "
    "or set `sarif.upload: never`"
)
_REJECTED = "this is a fault of ci-toolkit: please report it with the SARIF file and GitHub's words"


def refused(error: HttpError, target: Target, *, size: int) -> Upload:
    """What an answer that isn't 202 means. `size`: of the SARIF, gzipped, in bytes."""
    said = error.said if isinstance(error, GitHubError) else ""
    words = f"GitHub says {error.status} {said}".strip()
    if error.status in (400, 422):
        return _rejected(f"GitHub rejects the SARIF: {said or error.message}", _REJECTED)
    if error.status == 413:
        hint = "GitHub takes 10 MB, gzipped: is there a proxy on the way that takes less?"
        return _rejected(f"the SARIF is too large for GitHub, {size / 1e6:.1f} MB gzipped: {said}", hint)
    if error.status == 401:
        return _skipped(f"GitHub refuses the token ({words})", error.hint, usage=True)
    if error.status == 403 and error.code != "rate-limit":
        return _forbidden(error, target, said)
    if error.status == 404:
        hint = f"has {target.repository} {target.ref} still, and may the token read it? {_TURN_ON}"
        return _skipped(f"{words}: no code scanning for {target.repository} and {target.ref}", hint)
    return Upload(status="failed", reason=error.message, error=RemoteError(error.message, hint=error.hint))


def _forbidden(error: HttpError, target: Target, said: str) -> Upload:
    if _NOT_ENABLED.search(said):
        return _skipped(f"code scanning isn't enabled for {target.repository} (GitHub says: {said})", _TURN_ON)
    lacks = _NOT_ACCESSIBLE.search(said) or (isinstance(error, GitHubError) and error.permission)
    if not lacks:
        return _skipped(f"GitHub says 403 {said}".strip(), error.hint or _TURN_ON)
    if target.read_only:
        hint = "its alerts come with the run on the branch that it is merged into"
        return _skipped(f"{target.read_only}, and its token may only read", hint, usage=True)
    hint = f"give the job `permissions: {PERMISSION}`"
    return _skipped(f"the token lacks `{PERMISSION}` (GitHub says: {said})", hint, usage=True)


def _skipped(reason: str, hint: str, *, usage: bool = False) -> Upload:
    kind = UsageError if usage else RemoteError
    error = kind(f"nothing is uploaded, because {reason}", hint=hint)
    return Upload(status="skipped", reason=reason, hint=hint, error=error)


def _rejected(message: str, hint: str) -> Upload:
    return Upload(status="failed", reason=message, error=RemoteError(message, hint=hint), fatal=True)
