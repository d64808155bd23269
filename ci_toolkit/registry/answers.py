"""What registries said of tags a moment ago, kept on disk: a second look asks nobody, and counts against no limit."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.files import write_atomically
from ci_toolkit.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.model.reference import Reference

LIFETIME = 600
"""Seconds an answer counts: tags move."""
_LARGEST = 4 * 1024 * 1024
_PRIVATE = 0o600


class Answers:
    """Digests by reference. `now`: seconds since the epoch. What can't be read is taken for nothing."""

    def __init__(self, file: Path, now: float) -> None:
        self._file, self._now = file, now

    def known(self) -> dict[str, Digest]:
        """Every answer that still counts, by the reference's text."""
        return {name: digest for name, (digest, _) in self._read().items()}

    def keep(self, answers: Mapping[Reference, Digest]) -> None:
        """Keep these beside what still counts, where that can be written."""
        fresh = {str(reference): (digest, self._now + LIFETIME) for reference, digest in answers.items()}
        document = {name: [str(digest), until] for name, (digest, until) in (self._read() | fresh).items()}
        with suppress(ToolError):
            write_atomically(self._file, json.dumps(document).encode(), mode=_PRIVATE)

    def _read(self) -> dict[str, tuple[Digest, float]]:
        try:
            with self._file.open("rb") as stream:
                document: Any = json.loads(stream.read(_LARGEST))
            found = {str(name): (Digest(digest), float(until)) for name, (digest, until) in document.items()}
        except (OSError, ValueError, RecursionError, TypeError, AttributeError, UsageError):
            return {}
        return {name: kept for name, kept in found.items() if self._now < kept[1] <= self._now + LIFETIME}
