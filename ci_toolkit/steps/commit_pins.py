"""What a commit of pins is about: the places that the checkout holds, found again on the head of a branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ci_toolkit.errors import ConfigError, IntegrityError, UsageError
from ci_toolkit.model.commit_message import Delivered
from ci_toolkit.model.reference import Reference
from ci_toolkit.steps.pin_targets import pushed_target, repositories_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.reference import Repository
    from ci_toolkit.state import PinEdit, State
    from ci_toolkit.steps.base import Step
    from ci_toolkit.steps.pin import TargetOf

_SHOWN = 8


class PinIn(Protocol):
    """Makes the pin step of this run for another directory."""

    def __call__(self, root: Path, targets: TargetOf | None) -> Step:
        """The step that pins these targets below `root`; None: what is planned."""


class Pins:
    """The pins of one run, or of one environment's promotion."""

    def __init__(
        self,
        pin: PinIn,
        images: Mapping[str, ImageOptions],
        *,
        targets: TargetOf | None = None,
        environment: str | None = None,
    ) -> None:
        """`targets`: what is pinned, where it isn't what the run pushed."""
        self._pin = pin
        self._targets = targets
        self._environment = environment
        self._owners = {r: name for name, options in images.items() for r in repositories_of(options)}

    def planned(self, root: Path, state: State) -> list[str]:
        """The files that hold the images, as far as anyone can tell before the run."""
        would = {action.path for action in self._pin(root, self._targets).plan(state) if action.path}
        return sorted(would | {edit.file for edit in self._own(state.pins)})

    def held(self, root: Path, state: State) -> list[PinEdit]:
        """Every place of the checkout that holds one of the images; raises IntegrityError unless all are pinned."""
        step = self._pin(root, self._targets or pushed_target)
        open_places = [action.summary for action in step.plan(state) if action.path]
        if open_places:
            message = f"nothing is committed: the checkout doesn't hold what was pinned: {_some(open_places)}"
            raise IntegrityError(message, hint="run `ci-toolkit pin` in this checkout before `ci-toolkit commit`")
        return self._own(step.run(state).pins)

    def pinned(self, root: Path, state: State, held: Sequence[PinEdit], where: str) -> list[PinEdit]:
        """Pin below another `root`, which holds `where`, and say which places are pinned there.

        Raises IntegrityError where a place that the checkout holds isn't there, or can't be pinned.
        """
        try:
            edits = self._own(self._pin(root, self._targets or pushed_target).run(state).pins)
        except (ConfigError, UsageError, IntegrityError) as error:
            seen = "; ".join(error.violations[:_SHOWN]) if isinstance(error, ConfigError) else ""
            message = f"{where} can't take the pins: {error.message}" + (f": {seen}" if seen else "")
            raise IntegrityError(message, hint=_CONFLICT) from error
        there = {_place(edit) for edit in edits}
        missing = sorted({f"{edit.file} ({_place(edit)[1]})" for edit in held if _place(edit) not in there})
        if missing:
            message = f"{where} doesn't hold the images any more, or not yet: {_some(missing)}"
            raise IntegrityError(message, hint=_CONFLICT)
        return edits

    def delivered(self, edits: Iterable[PinEdit], state: State) -> list[Delivered]:
        """The images of these places, each once, in the config's order."""
        references: dict[str, str] = {}
        for edit in edits:
            references.setdefault(self._owners[_place(edit)[1]], edit.new)
        names = dict.fromkeys(name for name in self._owners.values() if name in references)
        return [self._delivered(name, references[name], state) for name in names]

    def to_be_delivered(self, state: State) -> list[Delivered]:
        """All images that may be pinned, unknown digests in angle brackets."""
        first = {name: repository for repository, name in reversed(self._owners.items())}
        names = dict.fromkeys(self._owners.values())
        return [self._delivered(n, f"{first[n]}@{state.image(n).digest or f'<digest of {n}>'}", state) for n in names]

    def _delivered(self, name: str, reference: str, state: State) -> Delivered:
        image = state.image(name)
        same = reference.endswith(f"@{image.digest}")
        return Delivered(name=name, reference=reference, version=image.version if same else None)

    def _own(self, edits: Iterable[PinEdit]) -> list[PinEdit]:
        ours = [edit for edit in edits if edit.environment == self._environment]
        return [edit for edit in ours if _place(edit)[1] in self._owners]


_CONFLICT = "pull the branch, mend `pin` or the manifests, and run again"


def _place(edit: PinEdit) -> tuple[str, Repository]:
    return edit.file, Reference.parse(edit.new).repository


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
