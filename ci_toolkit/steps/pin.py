"""The pin: the digest that was pushed, written into the manifests, byte by byte."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.errors import ConfigError, SourceLine, VerdictError
from ci_toolkit.manifests.diff import unified_diff
from ci_toolkit.model.plan import Action
from ci_toolkit.model.reference import Reference
from ci_toolkit.steps.pin_files import PinnedFiles
from ci_toolkit.steps.pin_targets import planned_target, pushed_target, repositories_of
from ci_toolkit.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions, PinOptions
    from ci_toolkit.manifests.pinning import Style, Target
    from ci_toolkit.model.pins import PinReport
    from ci_toolkit.model.reference import Repository
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import ImageState, PinEdit, State
    from ci_toolkit.steps.pin_tags import Registries

    TargetOf = Callable[[ImageOptions, ImageState, Style], Target]

_SHOWN = 12


class PinStep:
    """Pins the images of a run in the files that `pins` name, relative to `root`.

    `partial`: `images` are not all that the config has, so an entry for all of them can't count its places. With
    `check` nothing is written, and VerdictError says what would be. `show` gets the unified diff of each file, `found`
    what a check finds.
    `targets`: what is pinned; else what the run pushed. `environment`: whose pins these are.
    `names`: all images of the config, which comments may name; None: they may name anything.
    `registries`: who is asked about the tags; None: nobody.
    """

    name: ClassVar[str] = "pin"

    def __init__(
        self,
        *,
        pins: Sequence[PinOptions],
        images: Mapping[str, ImageOptions],
        root: Path,
        progress: Progress,
        partial: bool = False,
        check: bool = False,
        show: Callable[[str], None] | None = None,
        found: Callable[[PinReport], None] | None = None,
        targets: TargetOf | None = None,
        environment: str | None = None,
        names: Collection[str] | None = None,
        registries: Registries | None = None,
    ) -> None:
        self._pins = pins
        self._images = images
        self._workspace = Workspace(root)
        self._progress = progress
        self._partial = partial
        self._check = check
        self._show = show
        self._found = found
        self._targets = targets
        self._environment = environment
        self._names = names
        self._registries = registries

    def plan(self, state: State) -> Sequence[Action]:
        """Every place that would change; the manifests are read, nothing is written."""
        files = self._pinned(state, self._targets or planned_target)
        changed = [edit for edit in files.edits if edit.old != edit.new]
        kept = len(files.edits) - len(changed)
        actions = [
            Action(
                step=self.name,
                kind="decide" if self._check else "write",
                summary=f"{edit.file}:{edit.line}: {edit.old} → {edit.new}",
                path="" if self._check else edit.file,
            )
            for edit in changed
        ]
        if self._registries and not self._check:
            actions = [*self._registries.plan(self.name, files.written), *actions]
        if kept:
            actions.append(Action(step=self.name, kind="decide", summary=f"{_places(kept)} the digest already"))
        return actions

    def run(self, state: State) -> State:
        """Write, and record every place that holds one of the digests now; `old` is `new` where it did before.

        Raises ConfigError where a pin finds nothing, not what it expects, or a file that can't be read; UsageError
        for an image that wasn't pushed or a path that leads outside; ToolError, with every file as it was, if the
        writing fails; VerdictError by `check`; IntegrityError for a tag that somebody moved since the push.
        """
        files = self._pinned(state, self._targets or pushed_target)
        changed = [edit for edit in files.edits if edit.old != edit.new]
        if self._show:
            for change in files.changes:
                self._show(unified_diff(change.path, change.before.data, change.data))
        if self._check and self._found:
            self._found(files.report())
        if self._check and changed:
            count = len(files.changes)
            places = _some([f"{edit.file}:{edit.line}" for edit in changed])
            message = f"{count} {'file' if count == 1 else 'files'} would change: {places}"
            first = SourceLine(changed[0].file, changed[0].line)
            raise VerdictError(message, hint="run `ci-toolkit pin` and commit what it writes", place=first)
        if not self._check:
            if self._registries:
                self._registries.check(files.written)
            self._workspace.replace(files.changes)
        for edit in changed:
            self._progress.info(f"{edit.file}:{edit.line}: {edit.old} → {edit.new}")
        if kept := len(files.edits) - len(changed):
            self._progress.info(f"{_places(kept)} the digest already")
        edits = (replace(edit, environment=self._environment) for edit in files.edits)
        return replace(state, pins=(*self._others(state), *edits))

    def _pinned(self, state: State, target: TargetOf) -> PinnedFiles:
        """All entries in turn."""
        files = PinnedFiles(self._workspace, self._names)
        for number, entry in enumerate(self._pins):
            label = f"environments.{self._environment}.pin[{number}]" if self._environment else f"pin[{number}]"
            names = [name for name in entry.images or self._images if name in self._images]
            wanted = [name for name in names if repositories_of(self._images[name])]
            for name in names:
                if name not in wanted:
                    self._progress.warn(f"{label}: {name} is pushed to no registry, so no manifest can name it")
            self._refuse_ambiguous(label, wanted)
            if wanted:
                targets = [target(self._images[name], state.image(name), entry.style) for name in wanted]
                whole = set(entry.images) <= set(names) if entry.images else not self._partial
                files.pin(label, entry, targets, whole=whole)
        return files

    def _refuse_ambiguous(self, label: str, names: Sequence[str]) -> None:
        """Two images in one repository can't be told apart by where they are from."""
        owners: dict[Repository, str] = {}
        for name in names:
            for repository in repositories_of(self._images[name]):
                if owners.setdefault(repository, name) != name:
                    message = f"{label}: {owners[repository]} and {name} both are {repository}"
                    raise ConfigError(message, hint="name one of them under `images`, or give them repositories apart")

    def _others(self, state: State) -> list[PinEdit]:
        """The places of other environments, and of images that this call is not about."""
        ours = {repository for options in self._images.values() for repository in repositories_of(options)}
        return [
            edit
            for edit in state.pins
            if edit.environment != self._environment or Reference.parse(edit.new).repository not in ours
        ]


def _places(number: int) -> str:
    return "1 place holds" if number == 1 else f"{number} places hold"


def _some(places: Sequence[str]) -> str:
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more
