"""What one scan of many targets came to, image by image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.findings import ImageFindings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.scanners.base import Scanned, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanResults:
    """Targets and what was found in each, in the same order."""

    targets: Sequence[Target]
    scanned: Scanned
    scanner: str
    at: datetime

    def targets_of(self, label: str) -> list[Target]:
        """The platforms of what the targets call so."""
        return [target for target in self.targets if target.image == label]

    def findings(self, image: str, digest: Digest, label: str = "") -> ImageFindings:
        """What was found in an image; `label`: what its targets call it, where that isn't its name."""
        pairs = zip(self.targets, self.scanned.findings, strict=True)
        return ImageFindings(
            image=image,
            digest=digest,
            scanner=self.scanner,
            scanner_version=self.scanned.version,
            scanned_at=self.at.isoformat(timespec="seconds"),
            database_updated=self.scanned.database_updated,
            database_repository=self.scanned.database_repository,
            platforms=tuple(found for target, found in pairs if target.image == (label or image)),
        )
