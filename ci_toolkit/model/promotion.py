"""A promotion as the state keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.model.digest import Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """One image's way into one repository of an environment, verified there."""

    environment: str
    image: str
    source: str
    """Where the digest came from: `build` or an environment."""
    source_repository: str
    repository: str
    digest: Digest
    tags: tuple[str, ...]
    replaced: Mapping[str, Digest] = field(default_factory=dict)
    """What the tags that were moved pointed at before."""
    gate: Literal["on", "off", "overridden"]
    reason: str | None = None
    """Why the gate was overridden, in the words of who did it."""
    by: str | None = None
    at: str
    """ISO 8601, UTC."""
    run_url: str | None = None

    def is_same(self, other: Promotion) -> bool:
        """True where both brought the same digest, from the same place, under the same tags, to the same place."""
        return self._outcome == other._outcome

    @property
    def _outcome(self) -> tuple[object, ...]:
        return (*self.identity, self.source, self.digest, self.tags)

    @property
    def identity(self) -> tuple[str, str, str]:
        """What a state holds one record for: environment, image, repository."""
        return self.environment, self.image, self.repository
