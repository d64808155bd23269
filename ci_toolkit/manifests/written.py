"""What a pin writes to one place, for whoever wants to ask a registry about it first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_toolkit.model.reference import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A digest that comes to a place."""

    repository: Repository
    before: str
    """The digest that stood there, or nothing."""
    digest: str
    alone: bool
    """The digest is the image's for its only platform: no index."""
    tag: str
    """The tag that is put beside it, in the reference or a comment; empty for none, or for one that stays."""
