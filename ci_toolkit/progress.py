"""What steps say while they work: a protocol, so that a terminal, a log and a test each hear it their way."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Task(Protocol):
    """One long doing that moves on."""

    def advance(self, amount: int) -> None:
        """So many bytes or items more are done; safe from any thread."""

    def note(self, text: str) -> None:
        """What it is doing right now, in a few words."""


class Progress(Protocol):
    """Where a step's words go. All of it is for people: results travel in the state."""

    def info(self, message: str) -> None:
        """Something worth a line in any log."""

    def warn(self, message: str) -> None:
        """Something to look at that stops nothing."""

    def debug(self, message: str) -> None:
        """A detail that `-v` shows."""

    def tool(self, line: str) -> None:
        """One line a tool printed: redacted and neutralised by whoever ran the tool."""

    def task(self, title: str, total: int | None = None, *, unit: str = "B") -> AbstractContextManager[Task]:
        """A long doing of `total` bytes (unit `B`) or items; None where nobody knows."""

    def stage(self, title: str) -> AbstractContextManager[None]:
        """All that is said while one step of a run is at work, for those who show it folded."""


class Silent:
    """A `Progress` that says nothing, for callers that have nobody to tell."""

    def info(self, message: str) -> None:
        """Say nothing."""

    def warn(self, message: str) -> None:
        """Say nothing."""

    def debug(self, message: str) -> None:
        """Say nothing."""

    def tool(self, line: str) -> None:
        """Say nothing."""

    @contextmanager
    def task(self, title: str, total: int | None = None, *, unit: str = "B") -> Iterator[Task]:  # noqa: ARG002
        """A task nobody watches."""
        yield _SilentTask()

    def stage(self, title: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """A stage nobody sees."""
        return nullcontext()


class _SilentTask:
    def advance(self, amount: int) -> None:
        """Count nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""
