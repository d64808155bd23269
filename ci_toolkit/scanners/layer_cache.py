"""What Trivy found out about layers, kept between runs: a layer that was read once isn't read again.

Trivy waits 5 s for the lock on such a cache and then gives up, so each scan that runs at a time is lent one of its
own. It lies beside the databases, outside of the workspace.

Trivy knows a layer by the id that the image's config claims for its content, and doesn't look whether that is so: an
image that claims a base image's ids for layers of its own would hide what that base holds from every later scan. So
a cache notes which digest each id came with, and is emptied before the scan of an image that says otherwise.

Source: Trivy 0.76, `pkg/fanal/artifact/image/image.go`: the key of a layer is made of its DiffID.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ci_toolkit.files import write_atomically
from ci_toolkit.scanners.lock import if_free

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ci_toolkit.model.findings import Layer

_NOTES = "digests.json"
"""DiffID → digest of the layer that was scanned under it."""


class LayerCache:
    """`slots` caches below one directory, each lent to one scan at a time, of this process or another."""

    def __init__(self, directory: Path, *, slots: int) -> None:
        self._directory = directory
        self._slots = slots

    @contextmanager
    def lent(self, layers: Sequence[Layer]) -> Iterator[Path | None]:
        """A cache for the scan of an image of these layers, as its manifest and config have them.

        It knows nothing of layers that came with other digests. None where all are lent, or nobody knows the layers.
        After a failed scan it is emptied, and after a killed one the next scan finds it empty.
        """
        with self._free(0 if layers else self._slots) as place:
            if place is None:
                yield None
                return
            noted = _taken(place / _NOTES)
            if any(noted.get(layer.diff_id, layer.digest) != layer.digest for layer in layers):
                noted = {}
            try:
                if not noted:
                    shutil.rmtree(place / "fanal", ignore_errors=True)
                (place / "fanal").mkdir(exist_ok=True)
                yield place / "fanal"
            except BaseException:
                shutil.rmtree(place / "fanal", ignore_errors=True)
                raise
            noted |= {layer.diff_id: layer.digest for layer in layers}
            with suppress(OSError):
                write_atomically(place / _NOTES, json.dumps(noted).encode())

    @contextmanager
    def _free(self, slot: int) -> Iterator[Path | None]:
        if slot >= self._slots:
            yield None
            return
        place = self._directory / str(slot)
        with if_free(place / "lock") as free:
            if free:
                yield place
                return
        with self._free(slot + 1) as found:
            yield found


def _taken(file: Path) -> dict[str, str]:
    """What is noted. While a scan is at work no notes lie there, for nobody could tell what a killed one left."""
    try:
        noted = json.loads(file.read_bytes())
        file.unlink()
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}
