"""`ci-toolkit lint`: the images that manifests name, held against rules."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.attestations import ATTESTATIONS, read_attestations
from ci_toolkit.cli.ignored import ignored
from ci_toolkit.cli.no_config import without_config
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.config.find import find
from ci_toolkit.errors import ConfigError, VerdictError
from ci_toolkit.model.text import neutral_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_toolkit.ci.platform import Platform
    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.config.options import EnvironmentOptions
    from ci_toolkit.model.attestation import ScanAttestation
    from ci_toolkit.model.lint import LintReport
    from ci_toolkit.progress import Progress


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where reports are wanted."""

    sarif: Path | None
    code_quality: Path | None

    def write(self, report: LintReport, from_top: Callable[[str], str], progress: Progress) -> None:
        """Write them; a warning says what a code host wouldn't take."""
        if self.sarif:
            from ci_toolkit.report.lint_sarif import lint_sarif

            _write(self.sarif, *lint_sarif(report.findings, from_top), progress)
        if self.code_quality:
            from ci_toolkit.report.lint_code_quality import lint_code_quality

            _write(self.code_quality, *lint_code_quality(report.findings, from_top), progress)


def _write(file: Path, data: bytes, left_out: int, progress: Progress) -> None:
    from ci_toolkit.files import write_atomically

    if left_out:
        progress.warn(f"{file}: {left_out} findings are left out, warnings first: no more of them would be shown")
    write_atomically(file, data)


@click.command("lint", epilog="Example: ci-toolkit lint deploy/ --sarif lint.sarif")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--sarif", type=click.Path(path_type=Path), metavar="FILE", help="Write a SARIF report, too.")
@click.option(
    "--code-quality", type=click.Path(path_type=Path), metavar="FILE", help="Write GitLab's code quality report, too."
)
@ATTESTATIONS
@with_settings(runs=False, judges=True)
def command(
    settings: Settings,
    paths: tuple[str, ...],
    sarif: Path | None,
    code_quality: Path | None,
    attestations: tuple[Path, ...],
) -> None:
    """Check the images that manifests name: tags, digests, registries, verdicts. No registry is asked.

    PATH is a file or a directory; else what the config's `lint.paths` or `pin` name is checked, or all that is here.
    """
    known, files = read_attestations(attestations), ReportFiles(sarif, code_quality)
    try:
        find(Path.cwd(), settings.config)
    except ConfigError:
        with without_config(settings) as (platform, progress):
            _deliver(_here(paths), settings, files, platform, progress)
        return
    from ci_toolkit.cli.session import session

    with session(settings, writes=False, asks=False) as opened:
        _deliver(_of_project(opened, paths, known), settings, files, opened.platform, opened.progress)


def _here(paths: Sequence[str]) -> LintReport:
    """What is found without a config: the default rules, and nobody's verdicts."""
    from ci_toolkit.config.load import lint_defaults
    from ci_toolkit.steps.lint import Linter
    from ci_toolkit.steps.lint_files import LintFiles

    here, options = Path.cwd(), lint_defaults()
    linter = Linter(options)
    linter.check_named(LintFiles(here, here, exclude=(), environments={}, ignored=ignored), here, paths or (".",))
    return linter.report


def _of_project(opened: Session, paths: Sequence[str], attestations: Sequence[ScanAttestation]) -> LintReport:
    from ci_toolkit.steps.lint import Linter
    from ci_toolkit.steps.lint_files import LintFiles
    from ci_toolkit.steps.lint_verdicts import Verdicts

    here, config, guarded = Path.cwd(), opened.config, _guarded(opened)
    verdicts = guarded and Verdicts(
        images=config.images,
        environments=config.environments,
        state=opened.fresh_state(building=False),
        attestations=attestations,
        policy_hash=config.policy_hash,
    )
    files = LintFiles(
        config.root,
        here,
        exclude=config.lint.exclude,
        environments={e.name: e.pin for e in guarded if e.pin},
        ignored=ignored,
    )
    linter = Linter(config.lint, verdicts or None)
    pins = [*config.pin, *(entry for environment in config.environments.values() for entry in environment.pin)]
    if paths:
        linter.check_named(files, here, paths)
    elif config.lint.paths or not pins:
        linter.check_named(files, config.root, config.lint.paths or (".",))
    else:
        linter.check(files.pinned(pins))
    return linter.report


def _guarded(opened: Session) -> list[EnvironmentOptions]:
    """The environments whose images want a verdict: as for a promotion, none where there is no gate."""
    config = opened.config
    wanted = config.lint.environments
    if config.scan.gate.is_off or config.lint.rules["verdict"] == "ignore":
        return []
    return [options for name, options in config.environments.items() if wanted is None or name in wanted]


def _deliver(
    report: LintReport, settings: Settings, files: ReportFiles, platform: Platform, progress: Progress
) -> None:
    """Hand the report over in every form that is wanted; raises VerdictError for errors in it."""
    from ci_toolkit.ci.platform import Published
    from ci_toolkit.report.lint_text import closing_lines, finding_lines, lint_annotations, passed_lines, totals

    for line in passed_lines(report):
        progress.debug(line)
    if settings.format == "json":
        click.echo(neutral_json(report.as_json()))
    else:
        for line in finding_lines(report):
            click.echo(line)
        for line in () if settings.quiet else closing_lines(report):
            click.echo(line)
    from_top = _from_top()
    files.write(report, from_top, progress)
    if report.findings:
        from ci_toolkit.report.lint_markdown import lint_markdown

        room = platform.summary_room()
        page = lint_markdown(report, limit=room) if room else ""
        platform.publish(Published(annotations=lint_annotations(report, from_top), summary=page))
    if report.count("error"):
        message = f"lint: {totals(report)}"
        raise VerdictError(message, hint="mend the manifests; a rule's level stands under `lint.rules` of the config")


def _from_top() -> Callable[[str], str]:
    """What names a file from the top of the checkout; outside of one as the user names it."""
    from ci_toolkit.git import checkout_of

    here, top = Path.cwd().resolve(), checkout_of(Path.cwd())

    def named(file: str) -> str:
        path = Path(os.path.normpath(here / file))
        return path.relative_to(top).as_posix() if top and path.is_relative_to(top) else file

    return named
