"""Adds entries to files of ignored findings, and takes those out that are of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.triage_file import file_named, files_of
from ci_toolkit.cli.triage_list import last_scan, standings, stands
from ci_toolkit.config.ignore_files import wrong_dates
from ci_toolkit.config.typed_rules import ignore
from ci_toolkit.errors import UsageError
from ci_toolkit.git import Git, checkout_of
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.triage_file import TriageFile
    from ci_toolkit.model.findings import Finding
    from ci_toolkit.model.policy import Ignore


def add_entry(opened: Session, fields: Mapping[str, str | None], name: str | None, today: date) -> None:
    """Append one entry; raises UsageError for one that is there already, or lasts too long."""
    file = file_named(opened, name, today)
    check_image(opened, fields["image"])
    given = {name: value for name, value in fields.items() if value is not None}
    entry = ignore(given)
    for _, message in wrong_dates([given], opened.config.scan.ignore_lifetime, today):
        raise UsageError(message, hint="name another day with --expires; `scan.ignore-lifetime` sets the limit")
    for listed in standings(opened, today):
        if means_the_same(listed.triaged.entry, entry):
            message = f"there is an entry for {entry.label} already, in {listed.place}"
            raise UsageError(
                message, hint="change that one, or let `ci-toolkit triage prune` remove it once it expired"
            )
    scanned = last_scan(opened)
    file.add([given])
    if scanned and stands(entry, scanned, opened.config.images, today).standing in ("matches nothing", "not scanned"):
        opened.progress.warn(f"nothing in the last scan is {neutralise(entry.label)}: is it written as in the report?")
    say_added(opened, file, [entry])


def check_image(opened: Session, name: str | None) -> None:
    """Raise UsageError for an image that the config doesn't have."""
    if name is not None and name not in opened.config.images:
        message = f"there is no image {name!r} in {opened.config.file}"
        raise UsageError(message, hint=f"the images are {', '.join(opened.config.images)}")


def say_added(opened: Session, file: TriageFile, entries: Sequence[Ignore]) -> None:
    """What was added where; a warning, where git wouldn't take the file."""
    if not opened.settings.quiet:
        for entry in entries:
            click.echo(neutralise(f"added to {file.name}: {entry.label}, until {entry.expires}"))
    checkout = checkout_of(file.path.parent)
    if (
        checkout
        and Git(opened.runner, checkout).run("check-ignore", "-q", "--", str(file.path), check=False).returncode == 0
    ):
        opened.progress.warn(
            f"git ignores {file.name}, so nobody else will have it: where .gitignore says `.ci-toolkit/`, write "
            "`.ci-toolkit/*` and `!.ci-toolkit/ignore.yml`"
        )


def means_the_same(one: Ignore, other: Ignore) -> bool:
    """True for two entries of the same finding."""
    return one.label == other.label


def prune_entries(opened: Session, today: date, *, dry_run: bool) -> None:
    """Take out what expired or matches nothing; of such entries in the config only say where they are."""
    scanned, in_files, said = last_scan(opened), set(), []
    for file in files_of(opened, today):
        entries = file.entries()
        in_files.update(entries)
        useless = {i: why for i, entry in enumerate(entries) if (why := _useless(opened, entry, scanned, today))}
        if useless and not dry_run:
            file.drop(useless)
        verb = "would be removed from" if dry_run else "removed from"
        said += [f"{verb} {file.name}: {entries[i].label}, {why}" for i, why in useless.items()]
    for listed in standings(opened, today):
        entry = listed.triaged.entry
        if entry not in in_files and (why := _useless(opened, entry, scanned, today)):
            said.append(f"left in {listed.place}, which you edit yourself: {entry.label}, {why}")
    if not opened.settings.quiet:
        for line in said or ["nothing to remove"]:
            click.echo(neutralise(line))


def _useless(opened: Session, entry: Ignore, scanned: Mapping[str, Sequence[Finding]], today: date) -> str:
    """Why an entry is of no use; empty for one that is."""
    if not entry.active(today):
        return f"expired on {entry.expires}"
    matches_nothing = stands(entry, scanned, opened.config.images, today).standing == "matches nothing"
    return "which matches nothing" if matches_nothing else ""
