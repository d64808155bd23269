"""Pins images in files and directories that the user names: no config, no state."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.formats import is_known
from ci_toolkit.manifests.pinning import Target
from ci_toolkit.model.pins import PinReport
from ci_toolkit.model.reference import DOCKER_HUB, Reference, Repository
from ci_toolkit.model.text import neutralise
from ci_toolkit.steps.pin_look import images, pinned_files
from ci_toolkit.workspace import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ci_toolkit.model.pins import SeenImage
    from ci_toolkit.steps.pin_look import Look
    from ci_toolkit.workspace import Workspace

_SHOWN = 20
"""Images, or violations, that an error shows."""
_SEARCHED = 1_000
"""Files that are read, all of them, for the images that are there instead."""


class PathPins:
    """The files below some paths, and what pinning makes of them in memory."""

    def __init__(self, workspace: Workspace, paths: Sequence[str], ignored: Callable[[str], Collection[str]]) -> None:
        """`paths`: relative to the workspace, normal. `ignored`: what is left out below a directory.

        Raises as `Workspace.below` does.
        """
        self.workspace = workspace
        self.changes: list[Replacement] = []
        self._paths = paths
        self._seen: list[Look] = []
        found = {path: workspace.below(path, is_known, partial(ignored, path)) for path in paths}
        self._named = frozenset(path for path, below in found.items() if below == [path])
        self._names = tuple(dict.fromkeys(name for below in found.values() for name in below))

    def tags(self, only: Collection[Repository] = ()) -> list[SeenImage]:
        """The places that name an image without its digest, or one of these repositories' images."""
        holding = [_any_of(repository) for repository in only]
        self._seen = images(self.workspace, self._names, targets=holding, named=self._named)
        self._refuse(self._seen)
        seen = [image for look in self._seen for image in look.images if image.reference.digest is None]
        return [image for image in seen if not only or image.reference.repository in only]

    def pin(self, targets: Sequence[Target], *, written: bool) -> PinReport:
        """Work everything out; `changes` are then the files to be replaced.

        Raises ConfigError, with everything at once, for files that can't be read although they are named, or images
        that can't be pinned where they stand.
        """
        names = [look.name for look in self._seen if look.images] if self._seen else self._names
        looks = pinned_files(self.workspace, names, targets, named=self._named) if targets else []
        self._refuse(looks)
        self.changes = [Replacement(look.name, look.before, look.new) for look in looks if look.before]
        told = self._seen or looks
        return PinReport(
            looked_at=len(self._names),
            places=tuple(place for look in looks for place in look.places),
            skipped=tuple(place for look in told for place in look.skipped),
            unreadable=tuple(look.unread for look in told if look.unread),
            written=written,
        )

    def require(self, repositories: Collection[Repository], report: PinReport) -> None:
        """Raise ConfigError, with the nearest images there are, for a repository that is in none of the files."""
        there = {Reference.parse(place.new).repository for place in report.places}
        there |= {image.reference.repository for look in self._seen for image in look.images}
        lost = sorted(repository for repository in repositories if repository not in there)
        if lost:
            raise self._nowhere(lost)

    def diffs(self) -> Iterator[str]:
        """The unified diff of each file that changes."""
        from ci_toolkit.manifests.diff import unified_diff

        for change in self.changes:
            yield unified_diff(change.path, change.before.data, change.data)

    def _refuse(self, looks: Sequence[Look]) -> None:
        failed = [look for look in looks if look.error and (look.name in self._named or not look.unread)]
        wrong = [look.error for look in failed if isinstance(look.error, ConfigError)]
        if wrong:
            violations = [neutralise(violation) for error in wrong for violation in error.violations]
            message = f"{wrong[0].message}; nothing was written"
            raise ConfigError(message, hint=wrong[0].hint, violations=_few(violations))
        for look in failed:
            if look.error:
                raise look.error

    def _nowhere(self, lost: Sequence[Repository]) -> ConfigError:
        wanted = str(lost[0])
        looks = images(self.workspace, self._names, targets=[_any_of(_of_same_name(each)) for each in lost])
        looks += images(self.workspace, self._names[:_SEARCHED])
        seen = {image.value: f"{image.where}: {image.value}" for look in reversed(looks) for image in look.images}
        nearest = sorted(seen, key=lambda value: _distance(value, wanted))
        lines = [neutralise(seen[value][:300]) for value in nearest]
        places = ", ".join(path or "." for path in self._paths)
        names = " and ".join(str(each) for each in lost)
        files = f"none of {len(self._names)} files" if len(self._names) != 1 else "no place of 1 file"
        message = f"{names}: in {files} of {places}"
        hint = "mend --image, or name other paths" + (
            "; above are the images there are, nearest first" if lines else ""
        )
        return ConfigError(message, hint=hint, violations=_few(lines))


def _any_of(repository: Repository) -> Target:
    return Target(repositories=frozenset({repository}), digest="", tag=None, style="tag-and-digest")


def _of_same_name(repository: Repository) -> Repository:
    """What finds every file that may hold an image whose name ends so."""
    return replace(repository, registry=DOCKER_HUB, path=f"library/{repository.path.rpartition('/')[2]}")


def _distance(value: str, wanted: str) -> tuple[bool, float]:
    """The same last name first, then by likeness."""
    from difflib import SequenceMatcher

    above, slash, last = value.partition("@")[0].rpartition("/")
    name = last.partition(":")[0]
    return name != wanted.rpartition("/")[2], -SequenceMatcher(None, f"{above}{slash}{name}", wanted).ratio()


def _few(lines: Sequence[str]) -> list[str]:
    more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [*lines[:_SHOWN], *more]
