"""`ci-toolkit report`: any report of a scan again, without the scan."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit import state as states
from ci_toolkit.ci.context import detect_context
from ci_toolkit.cli.no_config import without_config
from ci_toolkit.cli.report_forms import FORMS, Setting
from ci_toolkit.cli.reports import sbom_reports
from ci_toolkit.cli.settings import DEFAULT_WORKDIR, IMAGES, with_settings
from ci_toolkit.config.find import find
from ci_toolkit.config.load import default_config
from ci_toolkit.errors import ConfigError, UsageError
from ci_toolkit.files import write_atomically
from ci_toolkit.git import checkout_of
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor
from ci_toolkit.report.plain import WIDE
from ci_toolkit.steps.kept import holds_findings, read_kept
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.cli.report_forms import Document
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.config.options import Config
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress
    from ci_toolkit.steps.kept import Kept, KeptImage
    from ci_toolkit.steps.reports import Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What reports are made by."""

    config: Config
    context: CiContext
    runner: Runner
    redact: Redactor
    progress: Progress
    policy_from: str | None = None


@click.command("report", epilog="Example: ci-toolkit report --format html --output report.html")
@click.option(
    "--from",
    "place",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help="A state.json with its reports beside it, a findings.json, or a directory of them.  [default: the workdir's]",
)
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="table", show_default=True, help="Which.")
@click.option(
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="Write it there; a directory, or what ends in `/`, takes several, under a run's names.  [default: stdout]",
)
@IMAGES
@with_settings(runs=False, judges=True, has_forms=True)
def command(settings: Settings, place: Path | None, form: str, output: str | None) -> None:
    """Make any report again of what a scan found, without a scan: whatever the gate says, exit 0.

    The config's policy judges, on the day of the scan; where there is no config, the defaults.
    """
    with _desk(settings, place) as (desk, kept):
        chosen = kept.chosen(settings.images)
        subjects = [_subject(image, kept, desk) for image in chosen]
        with tempfile.TemporaryDirectory(prefix="ci-toolkit-") as scratch:
            terminal = output is None and sys.stdout.isatty()
            setting = _setting(desk, kept, Path(scratch), terminal=terminal, color=terminal and not settings.no_color)
            documents = list(FORMS[form](subjects, setting))
        for document in documents:
            for cut in document.cuts:
                desk.progress.warn(f"{document.name} leaves out {cut}")
        named = output is not None and output.endswith("/")
        _hand_out(documents, None if output is None else Path(output), desk, directory=named)


@contextmanager
def _desk(settings: Settings, place: Path | None) -> Iterator[tuple[Desk, Kept]]:
    """Findings are enough: a config is only wanted where there are none, or where one was named."""
    try:
        find(Path.cwd(), settings.config)
    except ConfigError as error:
        place = place or _left_here(settings, error)
    else:
        from ci_toolkit.cli.session import session

        with session(replace(settings, images=()), writes=False, asks=False) as opened:
            yield (
                Desk(
                    config=opened.config,
                    context=opened.context,
                    runner=opened.runner,
                    redact=opened.redact,
                    progress=opened.progress,
                    policy_from=opened.policy_from,
                ),
                read_kept(place or (opened.state_file if opened.state_file.exists() else opened.workdir)),
            )
        return
    env, redact, here = dict(os.environ), Redactor(), Path.cwd()
    with without_config(settings) as (_, progress):
        progress.info(f"there is no config here: the verdicts are by the default policy, on the findings in {place}")
        runner = SystemRunner(env, redact)
        kept = read_kept(place)
        config = default_config(here)
        context = detect_context(runner, here, env)
        try:
            yield Desk(config=config, context=context, runner=runner, redact=redact, progress=progress), kept
        finally:
            runner.stop()


def _left_here(settings: Settings, missing: ConfigError) -> Path:
    """The workdir of a scan that needed no config either; raises ConfigError where none left anything."""
    place = settings.workdir or Path(DEFAULT_WORKDIR)
    if holds_findings(place):
        return place
    message = f"{missing.message}, and no findings in {place}"
    hint = "run `ci-toolkit scan TARGET` first, or name findings with `--from`; `ci-toolkit init` writes a config"
    raise ConfigError(message, hint=hint)


def _subject(image: KeptImage, kept: Kept, desk: Desk) -> Subject:
    from ci_toolkit.steps.kept import OtherImage, subject_of

    config = desk.config
    options = config.images.get(image.name) or OtherImage(name=image.name)
    scan = image.state.scan
    if scan and scan.policy_hash != config.policy_hash:
        desk.progress.warn(f"{image.name} was judged by another policy than the config's, which judges it here")
    return subject_of(
        image,
        options,
        config.scan.gate,
        source=_state(kept, config).source,
        repository=checkout_of(config.root) or config.root,
    )


def _setting(desk: Desk, kept: Kept, scratch: Path, *, terminal: bool, color: bool) -> Setting:
    return Setting(
        policy=desk.config.scan.gate,
        category=desk.config.sarif.category,
        context=desk.context,
        state=_state(kept, desk.config),
        today=datetime.now(UTC).date(),
        config_file=desk.config.file.name,
        width=shutil.get_terminal_size().columns if terminal else WIDE,
        color=color,
        sboms=lambda form: sbom_reports(
            (form,),
            desk.config,
            desk.runner,
            desk.progress,
            workdir=scratch,
            context=desk.context if desk.context.platform == "gitlab" else None,
        ),
    )


def _state(kept: Kept, config: Config) -> states.State:
    """The run's; of findings alone, one that tells of no run."""
    return kept.state or states.State(tool_version=__version__, source=states.Source(images_hash=config.images_hash))


def _hand_out(documents: Sequence[Document], output: Path | None, desk: Desk, *, directory: bool) -> None:
    """`directory`: `output` is meant as one. Raises UsageError for several reports that should go into one place."""
    if output and (directory or output.is_dir() or (len(documents) > 1 and not output.exists())):
        for document in documents:
            write_atomically(output / document.name, document.data)
            desk.progress.info(f"wrote {output / document.name}")
        return
    if len(documents) > 1:
        message = f"these are {len(documents)} reports: {', '.join(d.name for d in documents)}"
        raise UsageError(message, hint="name a directory with --output, or one image with --image")
    [document] = documents
    if output:
        write_atomically(output, document.data)
        desk.progress.info(f"wrote {output}")
    else:
        click.echo(desk.redact(document.data.decode()), nl=False)
