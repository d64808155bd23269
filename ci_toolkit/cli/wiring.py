"""Makes the steps out of a session: the one place where the rooms of the house meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import click

from ci_toolkit.cli.committing import wants_commit
from ci_toolkit.cli.registries import logins_of, open_destinations
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.builders.layouts import PreviousImage
    from ci_toolkit.cli.session import Session
    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.layout import Layout
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.model.pins import PinReport
    from ci_toolkit.model.plan import Action
    from ci_toolkit.registry.destinations import Destinations
    from ci_toolkit.registry.keychains.chain import Logins
    from ci_toolkit.state import ImageState, State
    from ci_toolkit.steps.base import Step
    from ci_toolkit.steps.judge import Judge
    from ci_toolkit.steps.quarantine import Quarantine


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What single commands ask for beyond the shared flags."""

    no_gate: bool = False
    check: bool = False
    diff: bool = False
    findings: Literal["table", "json"] | None = None
    """Print the scan's findings, in this form, in the state's place."""
    upload_sarif: Literal["auto", "always", "never"] | None = None
    """None: as the config says."""


class Workshop:
    """Builds steps for one session; what several steps share is made once."""

    def __init__(self, session: Session, save: Callable[[State], None], wishes: Wishes) -> None:
        self._session = session
        self._save = save
        self._wishes = wishes
        self._now = datetime.now(UTC)
        self.scanned: list[tuple[ImageFindings, ImageState, Decision]] = []
        """What the scan step found, image by image, once it ran."""
        self.checked: list[PinReport] = []
        """What a check of the pins found."""
        self._destinations: Destinations | None = None
        self._logins: Logins | None = None
        self._judge: Judge | None = None
        self._pushes = False

    def steps(self, names: Sequence[str]) -> Iterator[Step]:
        """The steps of these names, in the order given, each made when its turn comes.

        Nothing is committed where the config doesn't ask for it; raises UsageError where it does, and no branch is
        known.
        """
        makers: Mapping[str, Callable[[], Step]] = {
            "build": self._build,
            "tag": self._tag,
            "scan": self._scan,
            "push": self._push,
            "sarif": self._sarif,
            "pin": self._pin,
            "commit": self._commit,
        }
        if "commit" in names and not wants_commit(self._session):
            names = [name for name in names if name != "commit"]
        self._pushes = "push" in names
        return (makers[name]() for name in names)

    def destinations(self) -> Destinations:
        """The registries and directories of this run, each opened once."""
        if self._destinations is None:
            session = self._session
            self._destinations = open_destinations(
                session.config.registries,
                self.logins(),
                session.logins,
                env=session.env,
                root=session.config.root,
                redact=session.redact,
                progress=session.progress,
            )
        return self._destinations

    def logins(self) -> Logins:
        """Who we are to each registry."""
        if self._logins is None:
            session = self._session
            self._logins = logins_of(
                session.config.registries, session.env, session.redact, session.progress, session.trust
            )
        return self._logins

    def judge(self) -> Judge:
        """Who judges what scans kept."""
        if self._judge is None:
            from ci_toolkit.cli.reports import judge_of

            self._judge = judge_of(self._session)
        return self._judge

    def discard(self, state: State) -> None:
        """Remove what waits in quarantine and will never be pushed: one refused image ends the run of all."""
        if quarantine := self._quarantine():
            for name in self._session.images:
                quarantine.discard(name, state.image(name), "the gate said no")

    def _quarantine(self) -> Quarantine | None:
        """Where images wait for the gate; None: in layouts."""
        repository = self._session.config.quarantine
        if repository is None:
            return None
        from ci_toolkit.steps.quarantine import Quarantine

        return Quarantine(repository, self.destinations(), self._session.progress)

    def _build(self) -> Step:
        from ci_toolkit.builders.select import choose_builder
        from ci_toolkit.steps.build import BuildStep

        session = self._session
        options = session.config.builder
        return BuildStep(
            images=session.images,
            context=session.context,
            builder=choose_builder(
                session.runner, session.env, session.progress, name=options.name, create=options.create
            ),
            previous=_Pushed(self.destinations),
            quarantine=self._quarantine(),
            kept_out=session.trust.why_not("push"),
            root=session.config.root,
            workdir=session.workdir,
            env=session.env,
            redact=session.redact,
            progress=session.progress,
            now=self._now,
            save=self._save,
        )

    def _tag(self) -> Step:
        from ci_toolkit.steps.tag import TagStep

        session = self._session
        return TagStep(images=session.images, context=session.context, now=self._now, progress=session.progress)

    def _scan(self) -> Step:
        from ci_toolkit.cli.scanning import baselines_of, scan_step

        return scan_step(
            self._session,
            list(self._session.images.values()),
            save=self._save,
            show=lambda findings, image, decision: self.scanned.append((findings, image, decision)),
            quarantine=self._quarantine(),
            baselines=baselines_of(self._session, self.destinations),
        )

    def _push(self) -> Step:
        from ci_toolkit.steps.push import PushStep

        session = self._session
        return PushStep(
            images=session.images,
            publisher=self.destinations(),
            policy=session.config.scan.gate,
            policy_hash=session.config.policy_hash,
            no_gate=self._wishes.no_gate,
            root=session.config.root,
            progress=session.progress,
            redact=session.redact,
            save=self._save,
            quarantine=self._quarantine(),
        )

    def _sarif(self) -> Step:
        from ci_toolkit.cli.code_scanning import delivery_of
        from ci_toolkit.cli.reports import reports_of
        from ci_toolkit.steps.sarif import SarifStep

        session = self._session
        return SarifStep(
            list(session.images.values()),
            judge=self.judge(),
            category=session.config.sarif.category,
            root=session.config.root,
            workdir=session.workdir,
            progress=session.progress,
            save=self._save,
            delivery=delivery_of(session, self._wishes.upload_sarif or session.config.sarif.upload),
            others=reports_of(session),
        )

    def _pin(self) -> Step:
        from ci_toolkit.cli.committing import pin_step
        from ci_toolkit.steps.pin import PinStep
        from ci_toolkit.steps.pin_tags import Registries

        session = self._session

        def pin(root: Path) -> Step:
            return PinStep(
                pins=session.config.pin,
                images=session.images,
                root=root,
                progress=session.progress,
                partial=len(session.images) < len(session.config.images),
                check=self._wishes.check,
                show=_show_diff(session) if self._wishes.diff else None,
                found=self.checked.append,
                names=session.config.images,
                registries=Registries(self.destinations, pushed_now=self._pushes),
            )

        return pin_step(session, session.config.pin, pin)

    def _commit(self) -> Step:
        from ci_toolkit.cli.committing import run_step

        return run_step(self._session, self._now)


class _Pushed:
    """Images of earlier runs, found under a tag of an image's first repository."""

    def __init__(self, destinations: Callable[[], Destinations]) -> None:
        self._destinations = destinations

    def plan(self, image: ImageOptions, tag: str) -> Sequence[Action]:
        """The one request of `find`."""
        when = "the image has attestations, and the state doesn't tell of it"
        return [
            action
            for destination in image.repositories[:1]
            for action in self._destinations().plan_find("build", image.name, tag, destination, when=when)
        ]

    def find(self, image: ImageOptions, tag: str) -> PreviousImage | None:
        """What the first repository holds under this tag."""
        from ci_toolkit.builders.layouts import PreviousImage

        if not image.repositories:
            return None
        found = self._destinations().find_previous(image.repositories[0], tag)
        if found is None:
            return None

        def fetch(wanted: Descriptor, layout: Layout) -> None:
            if not layout.has(wanted):
                found.fetch(wanted, layout)

        return PreviousImage(found.data, found.descriptor.media_type, fetch)


def _show_diff(session: Session) -> Callable[[str], None]:
    """Diffs are a result, so they go to stdout, except where that holds JSON; a manifest's lines are made harmless."""
    to_stderr = session.settings.format == "json"

    def show(text: str) -> None:
        for line in text.removesuffix("\n").split("\n"):
            click.echo(neutralise(session.redact(line)), err=to_stderr)

    return show
