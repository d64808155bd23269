"""A file of ignored findings, as `ci-toolkit triage` reads and edits it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.config import ignore_edit, source
from ci_toolkit.config.ignore_files import read
from ci_toolkit.config.typed_rules import ignore
from ci_toolkit.errors import ConfigError, UsageError
from ci_toolkit.files import write_atomically
from ci_toolkit.model.triage_entry import entry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from ci_toolkit.cli.session import Session
    from ci_toolkit.model.policy import Ignore

_HINTS = {
    "id": "give the id as the report has it",
    "reason": "say with --reason, on one line, why the finding doesn't matter here",
    "owner": "name with --owner, on one line, who answers for the entry",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TriageFile:
    """One of the config's `scan.ignore-files`, which needn't be there yet."""

    name: str
    """As the config names it."""
    path: Path
    opened: Session
    today: date

    def entries(self) -> list[Ignore]:
        """What it lists, in its order."""
        return self._entries_in(self._text()[1])

    def add(self, new: Sequence[Mapping[str, str | None]]) -> None:
        """Append entries; the file is made where it isn't there. Raises UsageError where they can't stand in it."""
        before, text = self._text()
        added = [{name: value for name, value in fields.items() if value is not None} for fields in new]
        for fields in added:
            self._check(fields)
        wanted = [*self._entries_in(text), *map(ignore, added)]
        edited = ignore_edit.appended(text or ignore_edit.HEADER, [entry(fields) for fields in added])
        self._write(before, edited, wanted)

    def drop(self, dropped: Collection[int]) -> None:
        """Take the entries of these indexes out."""
        before, text = self._text()
        wanted = [kept for index, kept in enumerate(self._entries_in(text)) if index not in dropped]
        self._write(before, ignore_edit.without(text, dropped), wanted)

    def _text(self) -> tuple[bytes, str]:
        """A byte order mark, if there is one, and the text behind it."""
        if not self.path.exists():
            return b"", ""
        text = source.read(self.path, self.name)
        data = self.path.read_bytes()
        return data[: len(data) - len(text.encode())], text

    def _entries_in(self, text: str) -> list[Ignore]:
        config = self.opened.config
        lifetime = config.scan.ignore_lifetime
        return [*map(ignore, read(self.name, text, self.opened.env, lifetime, self.today, config.images))]

    def _check(self, fields: Mapping[str, str]) -> None:
        """Raise UsageError for an entry that no file takes, whatever else is in it."""
        try:
            self._entries_in(entry(fields))
        except ConfigError as error:
            if not error.violations:
                raise
            field, _, what = error.violations[0].partition("[0].")[2].partition(": ")
            message = f"the entry's {field}: {what}"
            raise UsageError(message, hint=_HINTS.get(field, f"leave --{field} out, or give it a value")) from error

    def _write(self, before: bytes, edited: str, wanted: Sequence[Ignore]) -> None:
        """Write the text, if it says what it shall."""
        try:
            holds = self._entries_in(edited)
        except ConfigError as error:
            holds, why = [], f": {error.violations[0]}" if error.violations else ""
        else:
            why = ""
        if holds != list(wanted):
            message = f"{self.name} can't be edited without changing what it says{why}"
            raise UsageError(message, hint="edit it by hand; it is as it was")
        mode = self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644
        write_atomically(self.path, before + edited.encode(), mode=mode)


def files_of(opened: Session, today: date) -> list[TriageFile]:
    """The config's files of ignored findings; one that is a link stays one."""
    places = {name: Path(os.path.realpath(opened.config.root / name)) for name in opened.config.scan.ignore_files}
    return [TriageFile(name=name, path=path, opened=opened, today=today) for name, path in places.items()]


def file_named(opened: Session, name: str | None, today: date) -> TriageFile:
    """The file of this name, else the first; raises UsageError for one that the config doesn't read."""
    files = files_of(opened, today)
    for file in files:
        if name in (None, file.name):
            return file
    message = f"the config reads no entries from {name}" if name else "the config reads entries from no file"
    raise UsageError(message, hint="name it under `scan.ignore-files`")
