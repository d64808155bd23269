"""Progress for GitLab's job log: a section a step, lines of tools that can't open or close one.

Source: GitLab, "CI/CD job logs", custom collapsible sections.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from ci_toolkit.ci.plain import PlainProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_toolkit.redact import Redactor

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_CLEAR = "\x1b[0K"


class GitLabLog(PlainProgress):
    """Plain lines on `stream`, folded by step. What is warned of inside a fold is said again below it.

    Safe from any thread. `now`: seconds since 1970.
    """

    def __init__(
        self,
        stream: TextIO,
        redact: Redactor,
        *,
        quiet: bool = False,
        verbose: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(stream, redact, quiet=quiet, verbose=verbose)
        self._lock = threading.RLock()
        self._now = now
        self._job = secrets.token_hex(4)
        """A job may call the tool more than once, and no two of its sections may have one name."""
        self._sections = 0
        self._open = 0
        self._folded: list[str] = []

    def warn(self, message: str) -> None:
        """A line, and another one where the first would be folded away."""
        with self._lock:
            super().warn(message)
            if self._open:
                self._folded.append(message)

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """A section, folded."""
        if self._quiet:
            yield
            return
        with self._lock:
            self._sections += 1
            self._open += 1
            name = f"ci_toolkit_{_NOT_IN_A_NAME.sub('_', title.lower())[:40]}_{self._job}_{self._sections}"
            heading = " ".join(self._redact.harmless(title).split("\n"))
            self._put(f"{_CLEAR}section_start:{self._second()}:{name}[collapsed=true]\r{_CLEAR}{heading}")
        try:
            yield
        finally:
            with self._lock:
                self._put(f"{_CLEAR}section_end:{self._second()}:{name}\r{_CLEAR}")
                self._open -= 1
                if not self._open:
                    said, self._folded = self._folded, []
                    for message in dict.fromkeys(said):
                        super().warn(message)

    def _second(self) -> int:
        return int(self._now())

    def _line(self, text: str) -> None:
        self._put(self._redact.harmless(text))

    def _put(self, text: str) -> None:
        with self._lock:
            self._stream.write(f"{text}\n")
            self._stream.flush()
