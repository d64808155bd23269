"""Which files lint looks at, and which environments run what they name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.manifests.formats import is_known
from ci_toolkit.manifests.pinning import LARGEST
from ci_toolkit.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from ci_toolkit.config.options import PinOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A file to look at."""

    directory: Path
    path: str
    """Relative to `directory`, with `/`."""
    name: str
    """As the user calls it."""
    named: bool = False
    """The user named it, not a directory or a pattern that it is found by."""
    environments: tuple[str, ...] = ()
    """Those that run it and want a verdict."""

    def read(self) -> bytes:
        """Its bytes; raises UsageError for what is no file or too large, ToolError if reading fails."""
        return Workspace(self.directory).read(self.path, limit=LARGEST).data


class LintFiles:
    """Finds files in a project: `root` is the config's directory, `here` the one that names are relative to."""

    def __init__(
        self,
        root: Path,
        here: Path,
        *,
        exclude: Sequence[str],
        environments: Mapping[str, Sequence[PinOptions]],
        ignored: Callable[[Path, str], Collection[str]],
    ) -> None:
        """`exclude`: patterns. `environments`: the pins of those that want a verdict.

        `ignored`: what is left out below a directory (the second) of another, relative to that one.
        """
        self._root = root
        self._here = here
        self._ignored = ignored
        self._inside = Workspace(root)
        self._left_out = frozenset(file for pattern in exclude for file in self._inside.files(pattern, written=False))
        self._pinned = {name: frozenset(self._files(pins)) for name, pins in environments.items()}

    def below(self, directory: Path, path: str) -> list[Manifest]:
        """A file, or what is below a directory; raises UsageError and ToolError as `Workspace.below` does."""
        plain = os.path.normpath(path)
        if plain.startswith(("/", "..")):  # elsewhere: nothing is written there
            elsewhere = Path(os.path.normpath(directory / plain))
            directory, plain = elsewhere.parent, elsewhere.name
        found = Workspace(directory).below(plain, is_known, lambda: self._ignored(directory, plain))
        return list(self._manifests(directory, found, named=found == [plain]))

    def pinned(self, pins: Sequence[PinOptions]) -> list[Manifest]:
        """The files that are pinned."""
        return list(self._manifests(self._root, sorted(set(self._files(pins)))))

    def _files(self, pins: Sequence[PinOptions]) -> Iterator[str]:
        for entry in pins:
            excluded = {file for pattern in entry.exclude for file in self._inside.files(pattern)}
            yield from (f for pattern in entry.files for f in self._inside.files(pattern) if f not in excluded)

    def _manifests(self, directory: Path, paths: Iterable[str], *, named: bool = False) -> Iterator[Manifest]:
        real = os.path.realpath(self._root)
        for path in paths:
            inside = os.path.relpath(os.path.realpath(directory / path), real)
            if inside not in self._left_out:
                yield Manifest(
                    directory=directory,
                    path=path,
                    name=os.path.relpath(directory / path, self._here),
                    named=named,
                    environments=tuple(name for name, files in self._pinned.items() if inside in files),
                )
