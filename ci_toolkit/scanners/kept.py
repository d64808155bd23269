"""What a CI system can keep of scans from one job to the next: databases, and what is known of layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.scanners.database import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

_PREFIX = "ci-toolkit-scan"


@dataclass(frozen=True, slots=True)
class KeptCache:
    """A directory and the keys it is kept under: one a day, and the start that those of other days share."""

    path: Path
    key: str
    restore_keys: str

    @classmethod
    def of(cls, path: Path, repositories: Sequence[str], today: date) -> KeptCache:
        """`repositories`: of the database, in order. A database is refreshed a day later, so a day has one key."""
        start = f"{_PREFIX}-{name_of(tuple(repositories) or (None,))}-"
        return cls(path, f"{start}{today:%Y%m%d}", start)

    def as_json(self) -> dict[str, str]:
        """By the names that `actions/cache` has for them."""
        return {"path": str(self.path), "key": self.key, "restore-keys": self.restore_keys}
