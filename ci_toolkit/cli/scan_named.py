"""`ci-toolkit scan TARGET`: images wherever they are, without a state, and without a config where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ci_toolkit import pipeline
from ci_toolkit.cli.execute import print_findings, print_plan
from ci_toolkit.cli.logged_in import logged_in
from ci_toolkit.cli.session import session
from ci_toolkit.errors import UsageError
from ci_toolkit.model.scan_source import ScanSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.steps.scan_named import NamedImage


def scan_named(settings: Settings, texts: Sequence[str], form: Literal["table", "json"]) -> None:
    """Scan what these name and print what was found; raises VerdictError where the gate refuses one of them."""
    sources = [ScanSource.parse(text) for text in dict.fromkeys(texts)]
    if settings.images and len(sources) > 1:
        message = "--image says which of the config's images one target is"
        raise UsageError(message, hint="scan the targets one after the other, each with its --image")
    hosts = [source.reference.repository.registry for source in sources if source.reference]
    with session(settings, needs_config=False) as opened, logged_in(opened, ["scan"], hosts) as at_work:
        _scan(at_work, sources, form)


def _scan(opened: Session, sources: Sequence[ScanSource], form: Literal["table", "json"]) -> None:
    from ci_toolkit.builders.engine_images import LocalEngine
    from ci_toolkit.cli.scanning import scan_step
    from ci_toolkit.cli.wiring import Wishes, Workshop
    from ci_toolkit.state import State
    from ci_toolkit.steps.scan_named import NamedImages
    from ci_toolkit.version import __version__

    workshop = Workshop(opened, lambda _: None, Wishes())
    images = [_image(opened, source) for source in sources]
    named = NamedImages(
        images,
        opened.workdir / "named",
        workshop.destinations(),
        LocalEngine(opened.runner, opened.env),
        opened.progress,
    )
    step = scan_step(
        opened,
        images,
        save=lambda _: None,
        show=lambda findings, image, decision: workshop.scanned.append((findings, image, decision)),
        elsewhere=named.places,
    )
    state = State(tool_version=__version__, source=opened.source)
    if opened.settings.dry_run:
        print_plan([*named.plan(), *step.plan(replace(state, images=named.planned()))], opened.settings)
        return
    try:
        state = step.run(replace(state, images=named.open()))
    finally:
        named.close()
        print_findings(opened, workshop.scanned, {image.name: image for image in images}, form)
    if refused := pipeline.refused(state, [image.name for image in images]):
        raise refused


def _image(opened: Session, source: ScanSource) -> NamedImage:
    """The target under its own name, or as the image of the config that `--image` says it is."""
    from ci_toolkit.steps.scan_named import NamedImage

    if not opened.settings.images:
        return NamedImage(name=source.text, source=source)
    (image,) = opened.images.values()
    return NamedImage(
        name=image.name, source=source, scratch=image.scratch, dockerfile=image.dockerfile, target=image.target
    )
