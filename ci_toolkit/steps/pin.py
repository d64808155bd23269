"""The pin: the digest that was pushed, written into the manifests, byte by byte."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.errors import ConfigError, UsageError, VerdictError
from ci_toolkit.manifests.diff import unified_diff
from ci_toolkit.manifests.document import LARGEST
from ci_toolkit.manifests.kubernetes import Kubernetes
from ci_toolkit.manifests.pinning import Target, may_hold, pin
from ci_toolkit.model.plan import Action
from ci_toolkit.model.reference import Repository
from ci_toolkit.state import PinEdit
from ci_toolkit.workspace import Replacement, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions, PinOptions
    from ci_toolkit.manifests.base import ManifestFormat
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import State
    from ci_toolkit.workspace import Snapshot

_SHOWN = 12


class PinStep:
    """Pins the images of a run in the files that `pins` name, relative to `root`.

    With `check` nothing is written, and VerdictError says what would be. `show` gets the unified diff of each file.
    """

    name: ClassVar[str] = "pin"

    def __init__(
        self,
        *,
        pins: Sequence[PinOptions],
        images: Mapping[str, ImageOptions],
        root: Path,
        progress: Progress,
        check: bool = False,
        show: Callable[[str], None] | None = None,
    ) -> None:
        self._pins = pins
        self._images = images
        self._workspace = Workspace(root)
        self._format: ManifestFormat = Kubernetes()
        self._progress = progress
        self._check = check
        self._show = show

    def plan(self, state: State) -> Sequence[Action]:
        """Every place that would change; the manifests are read, nothing is written."""
        changes, edits = self._pin(state, planned=True)
        return [
            Action(
                step=self.name,
                kind="write",
                summary=f"{edit.file}:{edit.line}: {edit.old} → {edit.new}",
                path=edit.file,
            )
            for edit in edits
            if edit.file in changes and edit.old != edit.new
        ]

    def run(self, state: State) -> State:
        """Write, and record every place that holds one of the digests now.

        Raises ConfigError where a pin finds nothing, not what it expects, or a file that doesn't parse; UsageError
        for an image that wasn't pushed; VerdictError by `check`.
        """
        changes, edits = self._pin(state, planned=False)
        if self._show:
            for name, change in changes.items():
                self._show(unified_diff(name, change.before.data, change.data))
        if self._check and changes:
            places = [f"{e.file}:{e.line}" for e in edits if e.old != e.new]
            message = f"{len(changes)} files would change: {_some(places)}"
            raise VerdictError(message, hint="run `ci-toolkit pin` and commit what it writes")
        if not self._check:
            self._workspace.replace(list(changes.values()))
        for name in changes:
            self._progress.info(f"pinned {name}")
        if not changes:
            self._progress.info("every manifest holds its digest already")
        touched = {edit.file for edit in edits}
        return replace(state, pins=(*(kept for kept in state.pins if kept.file not in touched), *edits))

    def _pin(self, state: State, *, planned: bool) -> tuple[dict[str, Replacement], list[PinEdit]]:
        """All entries in turn, each on what the one before made of a file."""
        changes: dict[str, Replacement] = {}
        edits: dict[tuple[str, int, int], PinEdit] = {}
        for number, entry in enumerate(self._pins):
            names = [name for name in entry.images or self._images if name in self._images]
            targets = [self._target(name, entry, state, planned=planned) for name in names]
            targets = [target for target in targets if target.repositories]
            if not targets:
                continue
            files = self._read(entry)
            data = {f: changes[f].data if f in changes else snapshot.data for f, snapshot in files.items()}
            results = {f: pin(d, f, targets, self._format) for f, d in data.items() if may_hold(d, targets)}
            count = sum(len(result.places) for result in results.values())
            whole = not set(entry.images) - set(names)
            if whole and (not count or entry.expect not in (None, count)):
                raise self._miscounted(number, entry, targets, data)
            for file, result in results.items():
                if result.old != result.new:
                    before = changes[file].before if file in changes else files[file]
                    changes[file] = Replacement(file, before, result.new)
                for place in result.places:
                    key = (file, place.line, place.column)
                    old = edits[key].old if key in edits else place.old
                    edits[key] = PinEdit(file=file, document=place.document, line=place.line, old=old, new=place.new)
        return changes, list(edits.values())

    def _read(self, entry: PinOptions) -> dict[str, Snapshot]:
        files = sorted({file for pattern in entry.files for file in self._workspace.files(pattern)})
        if not files:
            message = f"no file matches {', '.join(entry.files)}"
            raise ConfigError(message, hint="the globs of `pin.files` are relative to the config's directory")
        return {file: self._workspace.read(file, limit=LARGEST) for file in files}

    def _target(self, name: str, entry: PinOptions, state: State, *, planned: bool) -> Target:
        options, image = self._images[name], state.image(name)
        repositories = frozenset(r for r in options.repositories if isinstance(r, Repository))
        if not repositories:
            self._progress.warn(f"{name} is pushed to no registry, so no manifest can name it")
        pushed = {record.digest for record in image.pushed}
        if not planned and repositories and (image.digest is None or pushed != {image.digest}):
            message = f"{name} has not been pushed, so there is no digest to pin"
            raise UsageError(message, hint="run `ci-toolkit push` first, or hand the push job's state on")
        return Target(
            repositories=repositories,
            digest=str(image.digest) if image.digest else f"<digest of {name}>",
            tag=image.tags[0] if image.tags else f"<first tag of {name}>",
            style=entry.style,
        )

    def _miscounted(
        self, number: int, entry: PinOptions, targets: Sequence[Target], data: Mapping[str, bytes]
    ) -> ConfigError:
        """What was looked for, what was found, and what else stands in these files."""
        results = {file: pin(content, file, targets, self._format) for file, content in data.items()}
        places = [f"{file}:{place.line} {place.old}" for file, result in results.items() for place in result.places]
        others = [f"{file}:{s.line} {s.value} ({s.reason})" for file, result in results.items() for s in result.seen]
        repositories = ", ".join(str(r) for target in targets for r in sorted(target.repositories))
        wanted = "at least 1" if entry.expect is None else str(entry.expect)
        return ConfigError(
            f"pin[{number}] expects {wanted} places with {repositories} in {', '.join(entry.files)}, "
            f"found {len(places)}"
            + (f": {_some(places)}" if places else "")
            + (f"; left alone: {_some(others)}" if others else ""),
            hint="mend `files`, `images` or `expect`, or the repository in the manifests",
        )


def _some(places: Sequence[str]) -> str:
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more
