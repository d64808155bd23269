"""The entries of the triage and how they stand, as far as the last scan's findings tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from ci_toolkit import state as states
from ci_toolkit.config.ignore_places import ignore_places
from ci_toolkit.errors import ToolkitError
from ci_toolkit.model.text import neutral_json, neutralise
from ci_toolkit.model.triage import Triaged, judged, most_urgent_first
from ci_toolkit.steps.scanned import findings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from ci_toolkit.cli.session import Session
    from ci_toolkit.model.findings import Finding
    from ci_toolkit.model.policy import Ignore

_HEADINGS = ("standing", "entry", "expires", "owner", "stands in")


class Listed(NamedTuple):
    """An entry, how it stands and where."""

    triaged: Triaged
    place: str
    """`FILE:LINE` from the config's directory; the config alone for what was written with variables."""


def last_scan(opened: Session) -> Mapping[str, Sequence[Finding]]:
    """The findings of every image of the config that was scanned, by its name."""
    if not opened.state_file.is_file():
        return {}
    state, found = states.read(opened.state_file), {}
    for name in opened.config.images:
        if (image := state.image(name)).scan is None:
            continue
        try:
            platforms = findings_of(name, image, opened.config.root).platforms
        except ToolkitError as error:
            opened.progress.warn(f"{name} counts as not scanned: {error.message}")
        else:
            found[name] = [finding for platform in platforms for finding in platform.findings]
    return found


def stands(entry: Ignore, scanned: Mapping[str, Sequence[Finding]], images: Iterable[str], today: date) -> Triaged:
    """How an entry stands by a scan of some of these images."""
    concerned = [name for name in images if entry.concerns(name)]
    known = judged(entry, [finding for name in concerned for finding in scanned.get(name, ())], today)
    if known.standing == "matches nothing" and not all(name in scanned for name in concerned):
        return judged(entry, None, today)
    return known


def standings(opened: Session, today: date) -> list[Listed]:
    """Every entry of the config and its files, the most urgent first."""
    config = opened.config
    entries, scanned = config.scan.gate.ignores, last_scan(opened)
    places = ignore_places(config.file, [config.root / path for path in config.scan.ignore_files], entries)

    def place(entry: Ignore) -> str:
        if entry not in places:
            return config.file.name
        file, line = places[entry]
        return f"{file.relative_to(config.root).as_posix()}:{line}"

    triaged = most_urgent_first(stands(entry, scanned, config.images, today) for entry in entries)
    return [Listed(each, place(each.entry)) for each in triaged]


def print_entries(opened: Session, listed: Sequence[Listed]) -> None:
    """A table, or JSON."""
    if opened.settings.format == "json":
        click.echo(opened.redact(neutral_json({"entries": [_as_json(one) for one in listed]})))
    elif listed:
        rows = [_HEADINGS, *(_row(one) for one in listed)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo(opened.redact(line.rstrip()))
    elif not opened.settings.quiet:
        click.echo("no finding is ignored")


def _row(one: Listed) -> tuple[str, ...]:
    entry = one.triaged.entry
    fixes = f": {', '.join(one.triaged.fixes)}" if one.triaged.fixes else ""
    cells = (f"{one.triaged.standing}{fixes}", entry.label, f"{entry.expires}", entry.owner, one.place)
    return tuple(map(neutralise, cells))


def _as_json(one: Listed) -> dict[str, object]:
    entry = one.triaged.entry
    fields = {name: getattr(entry, name) for name in entry.__slots__}
    said = {name: f"{value}" for name, value in fields.items() if value is not None}
    return {**said, "standing": one.triaged.standing, "fixes": list(one.triaged.fixes), "place": one.place}
