"""`ci-toolkit copy`: an image from one repository to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.ci.plain import human
from ci_toolkit.cli.registries import desk, image_named, key_of
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import Reference, check_tag
from ci_toolkit.model.text import neutral_json, neutralise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.registry.copy_plan import CopyPlan
    from ci_toolkit.registry.outcome import Outcome


@click.command("copy", epilog="Example: ci-toolkit copy ghcr.io/acme/app:1.4 registry.example.com/app --dry-run")
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DST")
@click.option("--dry-run", is_flag=True, help="Show what is there and what would be copied, and write nothing.")
@click.option("--no-artifacts", is_flag=True, help="Leave signatures, SBOMs and other referrers behind.")
@with_settings(runs=False)
def command(settings: Settings, source: str, destination: str, no_artifacts: bool) -> None:  # noqa: FBT001 a flag
    """Copy an image with all platforms, attestations, signatures and other referrers; its digest stays.

    DST is a repository, or one with a tag; without a tag it gets the tag of SRC.
    """
    origin, target, tags = _named(source, destination)
    with desk(settings) as opened:
        if not settings.dry_run:
            opened.trust.require("push")
        copier = opened.destinations.copier(origin.repository, target.repository)
        plan = copier.plan(key_of(origin), tags, artifacts=not no_artifacts)
        if settings.dry_run:
            for warning in plan.warnings:
                opened.progress.warn(warning)
        outcome = None if settings.dry_run else copier.run(plan)
        opened.destinations.tell_budgets()
        if settings.format == "json":
            click.echo(opened.redact(neutral_json(_document(plan, outcome))))
        elif not settings.quiet:
            for line in _lines(plan, outcome):
                click.echo(neutralise(opened.redact(line)))


def _named(source: str, destination: str) -> tuple[Reference, Reference, tuple[str, ...]]:
    origin = image_named(source)
    if destination.startswith("oci:"):
        message = f"{destination!r}: a copy goes from registry to registry, not to a layout on disk"
        raise UsageError(message, hint="write HOST/NAME or HOST/NAME:TAG")
    target = Reference.parse(destination)
    if target.digest:
        message = f"{destination!r} names a digest, and the digest is what the source has"
        raise UsageError(message, hint=f"write {str(target.repository)!r}, with :TAG if you like")
    tag = target.tag or origin.tag
    return origin, target, (check_tag(tag),) if tag else ()


def _document(plan: CopyPlan, outcome: Outcome | None) -> dict[str, object]:
    done = outcome and {
        "uploaded": outcome.uploaded,
        "mounted": outcome.mounted,
        "present": outcome.present,
        "bytes": outcome.bytes,
        "moved": list(outcome.moved),
        "unchanged": list(outcome.unchanged),
    }
    return {**plan.as_json(), "outcome": done}


def _lines(plan: CopyPlan, outcome: Outcome | None) -> Iterator[str]:
    would = "" if outcome else "would be "
    yield f"{plan.source} → {plan.destination}"
    yield f"  digest    {plan.root.descriptor.digest}"
    yield f"  image     {_image(plan, would)}"
    if plan.blobs:
        yield f"  blobs     {_blobs(plan, outcome)}"
    copied = {a.artifact.descriptor.digest: a.artifact.described(a.nodes[-1].content.data) for a in plan.attaching}
    for artifact in plan.artifacts:
        digest = artifact.descriptor.digest
        word = (
            f"{would}copied" if digest in copied else "left behind" if artifact in plan.left else "was there already"
        )
        yield f"  attached  {copied.get(digest, artifact).kind}  {digest.short}  {word}"
    moves = {move.tag: move for move in plan.moves}
    for tag in plan.tags:
        before = moves[tag].before if tag in moves else None
        word = f"{would}moved from {before}" if before else f"{would}new" if tag in moves else "was there already"
        yield f"  tag       {tag}  {word}"
    if not plan.tags:
        yield "  tag       none: SRC is named by digest, and DST without a tag"


def _image(plan: CopyPlan, would: str) -> str:
    if plan.present:
        return "was there already"
    there = len(plan.children) + 1 - len(plan.missing)
    return f"{len(plan.missing)} manifests {would}copied" + (f", {there} there already" if there > 0 else "")


def _blobs(plan: CopyPlan, outcome: Outcome | None) -> str:
    if outcome:
        sent = f"{outcome.uploaded} copied ({human(outcome.bytes)})"
        return f"{sent}, {outcome.mounted} mounted, {outcome.present} were there already"
    how = "mounted" if plan.mounts else "copied, unless they are there"
    return f"{len(plan.blobs)}, {human(sum(blob.size for blob in plan.blobs))}, would be {how}"
