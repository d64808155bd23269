"""A report for a code host, and what came of handing it over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ci_toolkit.errors import ToolkitError


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """One image's SARIF, within GitHub's limits. `started_at`: when it was scanned, ISO 8601."""

    image: str
    sarif: bytes
    started_at: str
    categories: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """What came of one. `error`: what is to be raised for it in the end; None where that stops nobody."""

    status: Literal["complete", "pending", "skipped", "failed"]
    reason: str = ""
    """Why it isn't complete."""
    hint: str = ""
    """What would change that."""
    id: str | None = None
    url: str | None = None
    """Where people find the alerts."""
    error: ToolkitError | None = None
    fatal: bool = False
    """The error counts whatever the config says: GitHub looked at the report and found it wrong."""
