"""Progress for a terminal: what is going on right now, and how far it is (rich)."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Self, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ci_toolkit.progress import Task
    from ci_toolkit.redact import Redactor

_NOTE = 70


class LiveProgress:
    """A line a doing with spinner, bar and time; words stand above them. Used as a context manager."""

    def __init__(self, stream: TextIO, redact: Redactor, *, verbose: bool = False, color: bool = True) -> None:
        self._console = Console(file=stream, no_color=not color, highlight=False)
        self._redact = redact
        self._verbose = verbose
        self._live = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[amount]}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        """Take the terminal's last lines."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back, cursor and all, whatever happened."""
        self._live.stop()

    def info(self, message: str) -> None:
        """A line above the bars."""
        self._console.print(self._redact(message), markup=False)

    def warn(self, message: str) -> None:
        """A yellow line."""
        self._console.print(f"[yellow]warning[/]: {escape(self._redact(message))}")

    def debug(self, message: str) -> None:
        """A dim line with `-v`."""
        if self._verbose:
            self._console.print(f"[dim]{escape(self._redact(message))}")

    def tool(self, line: str) -> None:
        """A tool's line: with `-v` above the bars, else only as what is going on."""
        if self._verbose:
            self._console.print(f"[dim]  | {escape(self._redact(line))}")
            return
        for task in self._live.tasks[-1:]:
            self._live.update(task.id, note=escape(self._redact(line)[:_NOTE]))

    @contextmanager
    def task(self, title: str, total: int | None = None, *, unit: str = "B") -> Iterator[Task]:
        """A bar where the total is known, a pulse where it isn't; a line with the time at the end."""
        identity = self._live.add_task(escape(title), total=total, amount="", note="")
        task = _LiveTask(self._live, identity, self._redact, unit)
        try:
            yield task
        except BaseException:
            self._live.remove_task(identity)
            raise
        elapsed = next((task.elapsed for task in self._live.tasks if task.id == identity), None) or 0
        self._live.remove_task(identity)
        self._console.print(f"[green]✓[/] {escape(title)} [dim]{elapsed:.1f} s")

    def stage(self, title: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Nothing of its own: the bars tell what is going on."""
        return nullcontext()


class _LiveTask:
    def __init__(self, live: Progress, identity: TaskID, redact: Redactor, unit: str) -> None:
        self._live = live
        self._identity = identity
        self._redact = redact
        self._unit = unit
        self._done = 0

    def advance(self, amount: int) -> None:
        self._done += amount
        shown = f"{self._done / 1e6:.1f} MB" if self._unit == "B" else f"{self._done} {self._unit}"
        self._live.update(self._identity, advance=amount, amount=shown)

    def note(self, text: str) -> None:
        self._live.update(self._identity, note=escape(self._redact(text)[:_NOTE]))
