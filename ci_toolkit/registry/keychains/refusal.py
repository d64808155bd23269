"""A cloud that doesn't take the job's token: what it was shown, and where to mend the trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_toolkit.answers import HttpError
    from ci_toolkit.registry.keychains.identity import IdToken

_REFUSED = frozenset({400, 401, 403, 404})


def explain(error: HttpError, what: str, token: IdToken | None, hint: str) -> HttpError:
    """The error with what failed before it; for a refusal with the token's claims and what to do."""
    refused = error.status in _REFUSED
    shown = f" (the job's token: {token})" if refused and token else ""
    error.message = f"{what}: {error.message}{shown}"
    error.args = (error.message,)
    if refused:
        error.hint = hint
    return error
