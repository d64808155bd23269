"""What Trivy found out about layers, kept between runs: a layer that was read once isn't read again.

Trivy waits 5 s for the lock on such a cache and then gives up, so each scan that runs at a time is lent one of its
own. It lies beside the databases, outside of the workspace: a pull request can't plant what it would say.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ci_toolkit.scanners.lock import if_free

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LayerCache:
    """`slots` caches below one directory, each lent to one scan at a time, of this process or another."""

    def __init__(self, directory: Path, *, slots: int) -> None:
        self._directory = directory
        self._slots = slots

    @contextmanager
    def lent(self) -> Iterator[Path | None]:
        """A cache for one scan; None where all are lent, or none can be kept. After a failed scan it is emptied."""
        with self._free(0) as cache:
            try:
                yield cache
            except BaseException:
                if cache:
                    shutil.rmtree(cache, ignore_errors=True)
                raise

    @contextmanager
    def _free(self, slot: int) -> Iterator[Path | None]:
        if slot >= self._slots:
            yield None
            return
        place = self._directory / str(slot)
        with if_free(place / "lock") as free:
            if free:
                (place / "fanal").mkdir(exist_ok=True)
                yield place / "fanal"
                return
        with self._free(slot + 1) as found:
            yield found
