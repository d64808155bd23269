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
    event_name: str | None = None
    """The CI system's own word for it: `pull_request_target`, `merge_group`, `merge_request_event`."""
    revision: str | None = None
    """Full commit id; None outside a git repository."""
    committed_at: datetime | None = None
    """The commit's time, time zone kept."""
    branch: str | None = None
    checked_out: str | None = None
    """The branch that the checkout is on, whatever the run was started for; None on a detached head."""
    base_branch: str | None = None
    """The branch that a pull request goes into."""
    base_revision: str | None = None
    """What nobody but the repository's own people can have changed: a pull request's or merge group's base."""
    from_fork: bool = False
    """The change comes from another repository than the one it is for, or nobody can tell where from."""
    head_repository: str | None = None
    """Where a pull request comes from, `OWNER/NAME`."""
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

    @property
    def is_proposal(self) -> bool:
        """True where the run is about a change that isn't in its branch yet: a pull request, a merge queue's group."""
        return self.event == "pull_request" or self.event_name == "merge_group"
