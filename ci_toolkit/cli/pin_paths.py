"""`ci-toolkit pin` on files and directories: what is wanted, worked out, printed, written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.here import platform_here
from ci_toolkit.cli.ignored import ignored
from ci_toolkit.errors import SourceLine, UsageError, VerdictError
from ci_toolkit.listing import inside_of
from ci_toolkit.manifests.pinning import Target
from ci_toolkit.model.reference import Reference
from ci_toolkit.model.text import neutral_json, neutralise
from ci_toolkit.steps.pin_paths import PathPins
from ci_toolkit.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.manifests.pinning import Style
    from ci_toolkit.model.pins import PinReport
    from ci_toolkit.model.reference import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class PinWishes:
    """What the flags of `pin` ask for."""

    resolve: bool
    style: Style
    check: bool
    diff: bool
    cache: bool


def pin_paths(settings: Settings, paths: Sequence[str], wishes: PinWishes) -> None:
    """Pin what `--image` and `--resolve` name below the paths, which are relative to the current directory.

    Files are named from the top of the git checkout, as git does in a diff.
    """
    images = _images(settings.images, resolve=wishes.resolve)
    top = _top()
    here = os.path.relpath(Path.cwd().resolve(), top)
    inside = [inside_of(os.path.normpath(f"{here}/{inside_of(path)}")) for path in paths]
    work = PathPins(Workspace(top), inside, partial(ignored, top))
    targets = _targets(settings, work, images, wishes)
    written = not (wishes.check or settings.dry_run)
    report = work.pin(targets, written=written)
    if images:
        work.require(images, report)
    if written:
        work.workspace.replace(work.changes)
    _tell(settings, work, report, wishes)


def _images(texts: Sequence[str], *, resolve: bool) -> Mapping[Repository, Reference]:
    """What `--image` names, each repository once; raises UsageError for what can't be pinned."""
    images: dict[Repository, Reference] = {}
    for text in texts:
        image = Reference.parse(text)
        if not image.digest and not resolve:
            message = f"--image {text} has no digest"
            raise UsageError(message, hint="write REPOSITORY:TAG@sha256:…, or let --resolve ask the registry")
        if image.digest and resolve and not image.tag:
            message = f"--image {text} has a digest and no tag, so there is nothing to ask the registry"
            raise UsageError(message, hint="leave --resolve out, or name the tag that should have this digest")
        if images.setdefault(image.repository, image) != image:
            message = f"--image names {image.repository} twice, and not the same"
            raise UsageError(message, hint="name it once")
    if not images and not resolve:
        message = "PATH alone doesn't say what is to be pinned"
        wanted = "add --image REPOSITORY[:TAG]@DIGEST, or --resolve for every tag"
        raise UsageError(message, hint=f"{wanted}; without PATH a config's `pin` says it")
    return images


def _targets(
    settings: Settings, work: PathPins, images: Mapping[Repository, Reference], wishes: PinWishes
) -> list[Target]:
    if wishes.resolve:
        from ci_toolkit.cli.pin_resolve import resolved_targets

        return resolved_targets(settings, work, images, style=wishes.style, cache=wishes.cache)
    return [target_of(image, wishes.style) for image in images.values()]


def target_of(image: Reference, style: Style) -> Target:
    """Every place of an image's repository, to get its digest and, where it has one, its tag."""
    repositories = frozenset({image.repository})
    return Target(repositories=repositories, digest=str(image.digest), tag=image.tag, style=style, retags=True)


def _top() -> Path:
    """Where files may be written: the git checkout, else the current directory."""
    from ci_toolkit.git import checkout_of

    return checkout_of(Path.cwd()) or Path.cwd().resolve()


def _tell(settings: Settings, work: PathPins, report: PinReport, wishes: PinWishes) -> None:
    """Print what came of it; raise VerdictError where a check wants changes."""
    as_json = settings.format == "json"
    if settings.dry_run:
        from ci_toolkit.cli.execute import print_plan
        from ci_toolkit.report.pins import pins_plan

        print_plan(pins_plan(report), settings)
    elif as_json:
        click.echo(neutral_json(report.as_json()))
    elif not settings.quiet:
        from ci_toolkit.report.pins import pins_text

        click.echo(pins_text(report))
    if wishes.diff:
        for diff in work.diffs():
            for line in diff.removesuffix("\n").split("\n"):
                click.echo(neutralise(line), err=as_json)
    _annotate(settings, report)
    if wishes.check and report.edits and not settings.dry_run:
        edits, files = len(report.edits), len(report.files)
        first = SourceLine(report.edits[0].file, report.edits[0].line)
        message = f"{edits} places in {files} files are not pinned" if edits > 1 else "1 place is not pinned"
        raise VerdictError(message, hint="run the same command without --check and commit what it writes", place=first)


def _annotate(settings: Settings, report: PinReport) -> None:
    """Show the changes beside the code, where the CI system does so."""
    platform = platform_here(os.environ)
    if not report.edits or not platform.summary_room():
        return
    from ci_toolkit.ci.platform import Published
    from ci_toolkit.cli.progress import chosen_progress
    from ci_toolkit.redact import Redactor
    from ci_toolkit.report.pins import pins_annotations

    with chosen_progress(settings, Redactor(), os.environ, platform):
        platform.publish(Published(annotations=pins_annotations(report)))
