"""What the entries of `pin` make of the project's files, in memory: every file whole before the first is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.finding import leads_nowhere
from ci_toolkit.manifests.pinning import LARGEST, pin
from ci_toolkit.manifests.wanted import may_hold
from ci_toolkit.model.field_path import shown_field_path
from ci_toolkit.model.pins import PinReport
from ci_toolkit.model.text import neutralise
from ci_toolkit.patterns import is_literal
from ci_toolkit.state import PinEdit
from ci_toolkit.steps.pin_look import place_of, skipped_of
from ci_toolkit.workspace import Replacement

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ci_toolkit.config.options import PinOptions
    from ci_toolkit.manifests.pinning import Pinned, Target
    from ci_toolkit.manifests.written import Written
    from ci_toolkit.model.pins import PinPlace, SkippedPlace
    from ci_toolkit.workspace import Snapshot, Workspace

_SHOWN = 40


class PinnedFiles:
    """The files as all entries together want them; each entry works on what the one before made of a file."""

    def __init__(self, workspace: Workspace, names: Collection[str] | None = None) -> None:
        """`names`: what a comment may call an image; None: anything."""
        self._workspace = workspace
        self._names = names
        self._read: dict[str, Snapshot] = {}
        self._changes: dict[str, Replacement] = {}
        self._places: dict[tuple[str, int, str], PinPlace] = {}
        self._skipped: dict[tuple[str, int, int], SkippedPlace] = {}
        self._looked_at: set[str] = set()
        self.written: list[Written] = []
        """What was written, place by place."""

    @property
    def changes(self) -> list[Replacement]:
        """The files that would change, each once."""
        return [change for change in self._changes.values() if change.data != change.before.data]

    @property
    def edits(self) -> list[PinEdit]:
        """Every place that holds one of the digests then; `old` is what the file says before all entries."""
        return [
            PinEdit(file=place.file, document=place.document, line=place.line, old=place.old, new=place.new)
            for place in self._places.values()
        ]

    def report(self) -> PinReport:
        """The same as it is printed by a check, with what was left alone."""
        return PinReport(
            looked_at=len(self._looked_at),
            places=tuple(self._places.values()),
            skipped=tuple(self._skipped.values()),
            unreadable=(),
            written=False,
        )

    def pin(self, label: str, entry: PinOptions, targets: Sequence[Target], *, whole: bool) -> None:
        """Pin these images in the files of an entry; `whole` where they are all the images that the entry names.

        Raises ConfigError, with what was seen, for files that can't be read, for no place or not as many as expected.
        """
        files = self._files(label, entry)
        self._looked_at.update(files)
        wanted = [name for name, named in files.items() if self._is_wanted(name, targets, named=named)]
        results = self._results(wanted, entry, targets)
        self._refuse_dead_ends(label, entry, [*wanted, *(name for name in files if name not in results)])
        count = sum(len(result.places) for result in results.values())
        if whole and (count == 0 or entry.expect not in (None, count)):
            raise self._miscounted(label, entry, targets, files)
        for name, result in results.items():
            self._take(name, result)

    def _files(self, label: str, entry: PinOptions) -> dict[str, bool]:
        """The files of an entry, and whether they are named one by one rather than by a wildcard."""
        files: dict[str, bool] = {}
        for pattern in entry.files:
            found = self._workspace.files(pattern)
            if not found:
                message = f"{label}: no file matches {pattern!r}"
                raise ConfigError(message, hint="patterns are relative to the config file; `deploy/**/*.yaml`")
            for name in found:
                files[name] = files.get(name, False) or is_literal(pattern)
        for pattern in entry.exclude:
            for name in self._workspace.files(pattern):
                files.pop(name, None)
        return dict(sorted(files.items()))

    def _is_wanted(self, name: str, targets: Sequence[Target], *, named: bool) -> bool:
        """True for a file that may hold one of the images, or that has to be readable since it is named; then kept."""
        if name not in self._read:
            snapshot = self._workspace.read(name, limit=LARGEST)
            if not named and not may_hold(snapshot.data, targets):
                return False
            self._read[name] = snapshot
        return named or may_hold(self._data(name), targets)

    def _data(self, name: str) -> bytes:
        if name in self._changes:
            return self._changes[name].data
        return (self._read.get(name) or self._workspace.read(name, limit=LARGEST)).data

    def _results(self, names: Collection[str], entry: PinOptions, targets: Sequence[Target]) -> Mapping[str, Pinned]:
        """Every file's result; raises one ConfigError for all files that have none."""
        results: dict[str, Pinned] = {}
        failures: list[ConfigError] = []
        for name in names:
            try:
                results[name] = self._pinned(name, entry, targets)
            except ConfigError as error:
                failures.append(error)
        if failures:
            violations = [neutralise(violation) for failure in failures for violation in failure.violations]
            message = f"{failures[0].message}; nothing was written"
            raise ConfigError(message, hint=failures[0].hint, violations=violations)
        return results

    def _pinned(self, name: str, entry: PinOptions, targets: Sequence[Target]) -> Pinned:
        return pin(self._data(name), name, targets, paths=entry.paths, names=self._names)

    def _refuse_dead_ends(self, label: str, entry: PinOptions, files: Sequence[str]) -> None:
        """Raise ConfigError for a path that leads to a value in none of these files."""
        for path in entry.paths:
            lines: list[str] = []
            for name in files:
                reason = leads_nowhere(self._data(name), name, path)
                if not reason:
                    break
                lines.append(neutralise(f"{name}: {reason}"))
            else:
                message = f"{label}: {shown_field_path(path)} leads to nothing in {', '.join(entry.files)}"
                more = [f"… and {len(lines) - _SHOWN} more files"] if len(lines) > _SHOWN else []
                raise ConfigError(message, hint="mend `paths` or `files`", violations=lines[:_SHOWN] + more)

    def _take(self, name: str, result: Pinned) -> None:
        if result.new != result.old:
            self._changes[name] = Replacement(name, self._read[name], result.new)
        for place in result.places:
            if place.written:
                self.written.append(place.written)
            key = (name, place.line, f"{place.column} {place.path}")
            old = self._places[key].old if key in self._places else place.old
            self._places[key] = place_of(name, place, old)
        self._skipped |= {(name, skip.line, skip.column): skip for skip in skipped_of(name, result)}

    def _miscounted(
        self, label: str, entry: PinOptions, targets: Sequence[Target], files: Collection[str]
    ) -> ConfigError:
        """What was looked for, and every image that stands in these files instead."""
        lines: list[str] = []
        count = 0
        for name in files:
            try:
                result = self._pinned(name, entry, targets)
            except ConfigError:
                continue  # It holds none of the names looked for, or it would have been read before.
            count += len(result.places)
            lines += [f"{name}:{p.line}:{p.column}: {p.old} (counted)" for p in result.places]
            lines += [f"{name}:{s.line}:{s.column}: {s.value[:200]} ({s.reason})" for s in result.seen]
        more = [f"… and {len(lines) - _SHOWN} more images"] if len(lines) > _SHOWN else []
        repositories = ", ".join(sorted(str(r) for target in targets for r in target.repositories))
        wanted = f"{entry.expect} places" if entry.expect else "at least one place"
        message = (
            f"{label} wants {wanted} with {repositories}, but {', '.join(entry.files)} "
            f"({len(files)} files, {len(lines)} images) has {count}"
        )
        return ConfigError(
            message,
            hint="mend `files`, `images` or `expect`, or the repository in the manifests",
            violations=[neutralise(line) for line in lines[:_SHOWN]] + more,
        )
