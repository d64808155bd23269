"""What servers answer, and what it means when they don't."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from ci_toolkit.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpError(RemoteError):
    """A request failed. `status` and `code` are the server's own; None and empty where it never answered.

    `temporary`: the same request may succeed later. `retry_after`: the header, as it came.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        code: str = "",
        temporary: bool = False,
        retry_after: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.temporary = temporary
        self.retry_after = retry_after


def is_temporary(status: int) -> bool:
    """True for the answers that mean "later": 408, 425, 429 and the server's own troubles."""
    return status in _TEMPORARY


def status_line(status: int) -> str:
    """`404 Not Found`: the number with what it is called, where it has a name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; error statuses are answers too. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """Where it came from in the end."""
