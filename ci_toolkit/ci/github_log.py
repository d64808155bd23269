"""Progress for GitHub's log: a group a step, remarks as annotations, tools' lines that can't be commands."""

from __future__ import annotations

import os
import secrets
import stat
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from ci_toolkit.ci.github_commands import command, masks, remark, shortened
from ci_toolkit.ci.plain import PlainProgress
from ci_toolkit.model.annotation import Annotation
from ci_toolkit.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ci_toolkit.redact import Redactor

_A_STEP = 10
"""Annotations of one level that GitHub shows of a step; the rest it drops."""


class GitHubLog(PlainProgress):
    """Plain lines on `stream`, with commands where GitHub has one. Safe from any thread.

    As soon as `redact` learns a secret GitHub is told to hide it, unless `stream` is a file: nobody would swallow the
    command there, and it holds the secret. One error annotation is kept for `failed`.
    """

    def __init__(self, stream: TextIO, redact: Redactor, *, quiet: bool = False, verbose: bool = False) -> None:
        super().__init__(stream, redact, quiet=quiet, verbose=verbose)
        self._lock = threading.RLock()
        self._shown: Counter[str] = Counter()
        self._stages = 0
        self._token = ""
        if not _is_file(stream):
            redact.watch(self._mask)

    def warn(self, message: str) -> None:
        """An annotation, or a line where GitHub takes no more of them."""
        self.annotate(Annotation(level="warning", message=message))

    def tool(self, line: str) -> None:
        """A tool's line, set in, while commands are stopped."""
        if not self._quiet:
            self._put(self._redact.harmless(f"  | {line}"), stopped=True)

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """A group. GitHub's don't nest, so a stage within another is a line in it."""
        with self._lock:
            inner = self._stages > 0
            self._stages += 1
        if inner:
            self.info(title)
        elif not self._quiet:
            self._obey(command("group", self._redact.harmless(title)))
        try:
            yield
        finally:
            with self._lock:
                self._stages -= 1
            if not (inner or self._quiet):
                self._obey(command("endgroup"))

    def annotate(self, annotation: Annotation, *, last: bool = False) -> None:
        """A remark beside the code, or a line where GitHub takes no more of this level, or not all of it."""
        text = self._redact.harmless(annotation.message)
        shown = replace(
            annotation,
            title=self._redact.harmless(annotation.title),
            file=self._redact(annotation.file),
            message=shortened(text),
        )
        with self._lock:
            room = _A_STEP - (1 if annotation.level == "error" and not last else 0)
            fits = self._shown[annotation.level] < room
            if fits:
                self._shown[annotation.level] += 1
                self._obey(remark(shown))
            if not fits or shown.message != text:
                self._put(f"{annotation.level}: {_place(shown)}{text}")

    def failed(self, message: str, *, before: Sequence[Annotation] = ()) -> None:
        """What ended the run, after the remarks that explain it: there is always room for it."""
        for annotation in before:
            self.annotate(annotation)
        self.annotate(Annotation(level="error", message=message), last=True)

    def settle(self) -> None:
        """Let commands through again: whatever a step does next may need them."""
        if self._token:
            self._obey()

    def _mask(self, forms: Collection[str]) -> None:
        if commands := tuple(masks(forms)):
            self._obey(*commands)

    def _line(self, text: str) -> None:
        self._put(self._redact.harmless(text))

    def _obey(self, *commands: str) -> None:
        """Write commands, in force."""
        with self._lock:
            if self._token:
                self._put(command(self._token))
                self._token = ""
            if commands:
                self._put("\n".join(commands))

    def _put(self, text: str, *, stopped: bool = False) -> None:
        with self._lock:
            if stopped and not self._token:
                self._token = secrets.token_hex(16)
                text = f"{command('stop-commands', self._token)}\n{text}"
            self._stream.write(f"{text}\n")
            self._stream.flush()


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def _place(annotation: Annotation) -> str:
    if not annotation.file:
        return ""
    return harmless(f"{annotation.file}:{annotation.line}: " if annotation.line else f"{annotation.file}: ")
