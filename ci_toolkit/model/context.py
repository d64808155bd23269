"""What a CI system, or git alone, knows of the run: a value, read once at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

Event = Literal["push", "tag", "pull_request", "schedule", "manual", "local"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CiContext:
    """The revision that is built and how the run came about. Strings are untrusted: branch names most of all."""

    platform: Literal["github", "gitlab", "local"] = "local"
    event: Event = "local"
    revision: str | None = None
    """Full commit id; None outside a git repository."""
    committed_at: datetime | None = None
    """The commit's time, time zone kept."""
    branch: str | None = None
    checked_out: str | None = None
    """The branch that the checkout is on, whatever the run was started for; None on a detached head."""
    base_branch: str | None = None
    """The branch that a pull request goes into."""
    tag: str | None = None
    """The git tag that is built (checked out exactly at the revision)."""
    tags: tuple[str, ...] = ()
    """Every tag of the repository as far as git knows: `latest` goes to the highest version only."""
    shallow: bool = False
    """True where the clone may lack history and tags."""
    default_branch: str | None = None
    pull_request: int | None = None
    source_url: str | None = None
    """The repository's web address, credentials removed."""
    run_id: str | None = None
    run_url: str | None = None
    actor: str | None = None
    dirty: bool = False
    """True where tracked files differ from the revision."""
