"""What a running tool writes: collected within bounds, handed on line by line."""

from __future__ import annotations

from collections import deque
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LONGEST_LINE = 64 * 1024
LAST_LINES = 20
"""How many an error message quotes."""
LONGEST_QUOTED = 500
"""How many characters of each."""


class Capture:
    """Collects stdout, up to a limit in bytes; `overflowed` says that there was more."""

    def __init__(self, limit: int, on_overflow: Callable[[], None]) -> None:
        self._chunks: list[bytes] = []
        self._left = limit
        self._on_overflow = on_overflow
        self.overflowed = False

    def read(self, stream: IO[bytes]) -> None:
        """Read to the end, whatever is kept."""
        while chunk := stream.read1(64 * 1024):  # type: ignore[attr-defined]  # a BufferedReader, which typeshed hides
            self._left -= len(chunk)
            if self._left >= 0:
                self._chunks.append(chunk)
            elif not self.overflowed:
                self.overflowed = True
                self._on_overflow()

    def text(self) -> str:
        """What was kept, undecodable bytes replaced."""
        return b"".join(self._chunks).decode("utf-8", "replace")


class Lines:
    """Hands stderr on line by line and keeps its end."""

    def __init__(self, clean: Callable[[str], str], on_line: Callable[[str], None] | None) -> None:
        self._clean = clean
        self._on_line = on_line
        self._kept: deque[str] = deque(maxlen=2000)

    def read(self, stream: IO[bytes]) -> None:
        """Read to the end, however long the lines."""
        while chunk := stream.readline(_LONGEST_LINE):
            for piece in chunk.decode("utf-8", "replace").rstrip("\r\n").split("\r"):
                self._kept.append(piece)
                if self._on_line:
                    self._on_line(self._clean(piece))

    def text(self) -> str:
        """The last lines, as they came."""
        return "".join(f"{line}\n" for line in self._kept)

    def quoted(self) -> str:
        """The very last lines, cleaned, for an error message."""
        return quoted(self._clean(line) for line in tuple(self._kept)[-LAST_LINES:])


def quoted(lines: Iterable[str]) -> str:
    """Lines as the end of a sentence; nothing where nothing was said."""
    said = "".join(f"\n  {line[:LONGEST_QUOTED]}" for line in lines if line.strip())
    return f"; its last lines:{said}" if said else ""
