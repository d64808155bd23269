"""`ci-toolkit scan TARGET`: images wherever they are, without a state, and without a config where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ci_toolkit import pipeline
from ci_toolkit.cli.execute import print_findings, print_plan
from ci_toolkit.cli.logged_in import logged_in
from ci_toolkit.cli.publish import published
from ci_toolkit.cli.session import session
from ci_toolkit.errors import UsageError
from ci_toolkit.model.plan import Action
from ci_toolkit.model.scan_source import ScanSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.scan_named import NamedImage

_NO_BASELINE = (
    "`scan.baseline` isn't used, everything that is found counts: "
    "--image says which of the config's images a target is"
)


def scan_named(settings: Settings, texts: Sequence[str], form: Literal["table", "json"]) -> None:
    """Scan what these name and print what was found.

    Raises VerdictError where the gate refuses one of them, UsageError for what may mean two things.
    """
    sources = [ScanSource.parse(text) for text in dict.fromkeys(texts)]
    if settings.images and len(sources) > 1:
        message = "--image says which of the config's images one target is"
        raise UsageError(message, hint="scan the targets one after the other, each with its --image")
    hosts = [source.reference.repository.registry for source in sources if source.reference]
    with session(settings, needs_config=False) as opened:
        _refuse_names_of_images(opened, sources)
        with logged_in(opened, ["scan"], hosts) as at_work:
            _scan(at_work, sources, form)


def _refuse_names_of_images(opened: Session, sources: Sequence[ScanSource]) -> None:
    """Raise UsageError for the config's `backend`: as a target it would be Docker Hub's image of that name."""
    for source in sources:
        if source.reference and source.text in opened.config.images:
            message = f"{source.text!r} is an image of {opened.config.file.name}, but as a target it is {source.place}"
            hint = f"`ci-toolkit scan --image {source.text}` scans what was built; else write the target out"
            raise UsageError(message, hint=hint)


def _scan(opened: Session, sources: Sequence[ScanSource], form: Literal["table", "json"]) -> None:
    from ci_toolkit.builders.engine_images import LocalEngine
    from ci_toolkit.cli.scanning import baselines_of, scan_step
    from ci_toolkit.cli.wiring import Wishes, Workshop
    from ci_toolkit.state import State
    from ci_toolkit.steps.scan_named import NamedImages, NamedScan
    from ci_toolkit.version import __version__

    # Nobody says what revision a target was built from.
    source = replace(opened.source, revision=None, ref=None)
    journal = pipeline.Journal(None, State(tool_version=__version__, source=source))
    workshop = Workshop(opened, journal.save, Wishes())
    images = {image.name: image for image in (_image(opened, source) for source in sources)}
    named = NamedImages(
        list(images.values()),
        opened.workdir / "named",
        workshop.destinations(),
        LocalEngine(opened.runner, opened.env),
        opened.progress,
    )

    def show(findings: ImageFindings, image: ImageState, decision: Decision) -> None:
        workshop.scanned.append((findings, image, decision))
        _warn_of_itself(opened, findings.image, image)

    known = bool(opened.settings.images)
    told = [_NO_BASELINE] if opened.config.scan.baseline and not known else []
    scan = scan_step(
        opened,
        list(images.values()),
        save=journal.save,
        show=show,
        elsewhere=named.places,
        baselines=baselines_of(opened, workshop.destinations) if known else None,
    )
    step = NamedScan(named, scan)
    if opened.settings.dry_run:
        decisions = [Action(step=step.name, kind="decide", summary=each) for each in told]
        print_plan([*decisions, *step.plan(journal.state)], opened.settings)
        return
    for each in told:
        opened.progress.info(each)
    with published(opened, journal, images=images):
        try:
            pipeline.run([step], journal, images=images, progress=opened.progress)
        finally:
            print_findings(opened, workshop.scanned, images, form)


def _warn_of_itself(opened: Session, name: str, image: ImageState) -> None:
    """Held against itself with the same database, an image has nothing new, whatever became known since."""
    baseline, options = image.scan.baseline if image.scan else None, opened.config.scan.baseline
    if baseline and options and not options.findings and baseline.digest == image.digest:
        opened.progress.warn(
            f"{name} is what is deployed, so nothing in it is new; without --image all that is found counts"
        )


def _image(opened: Session, source: ScanSource) -> NamedImage:
    """The target under its own name, or as the image of the config that `--image` says it is."""
    from ci_toolkit.steps.scan_named import NamedImage

    if not opened.settings.images:
        return NamedImage(name=source.text, source=source)
    (image,) = opened.images.values()
    return NamedImage(
        name=image.name, source=source, scratch=image.scratch, dockerfile=image.dockerfile, target=image.target
    )
