"""Takes over Trivy's own ignore files, strictly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.triage_edit import check_image, means_the_same, say_added
from ci_toolkit.cli.triage_file import file_named
from ci_toolkit.config import source as sources
from ci_toolkit.config.ignore_files import wrong_dates
from ci_toolkit.config.trivy_ignore import trivy_ignore
from ci_toolkit.config.typed_rules import ignore
from ci_toolkit.config.violations import Position, Violations
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.config.trivy_ignore import Imported


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What the flags say for entries that don't say it themselves."""

    owner: str | None
    reason: str | None
    expires: date | None


def import_entries(
    opened: Session, source: Path, answers: Answers, *, image: str | None, name: str | None, today: date
) -> None:
    """Append what Trivy would ignore; what is there already, or expired, is left out. Raises ConfigError."""
    file, violations = file_named(opened, name, today), Violations()
    check_image(opened, image)
    text = sources.read(source, str(source))
    if answers.owner is None:
        violations.add(Position(1, 1), (), "Trivy's files don't say who answers for an entry: give --owner")
    found = trivy_ignore(text, is_yaml=source.suffix in (".yaml", ".yml"), violations=violations)
    lifetime, new = opened.config.scan.ignore_lifetime, []
    for each in found:
        fields = _fields(each, answers, image, today, violations)
        for _, message in (
            wrong_dates([fields], lifetime, today) if each.expires is None or each.expires >= today else ()
        ):
            violations.add(each.position, (), message)
        new.append(fields)
    violations.raise_if_any(
        str(source), hint="nothing was taken over: mend the file, or say it with --owner, --reason and --expires"
    )
    if not new:
        click.echo(f"{source} lists nothing")
    known = list(opened.config.scan.gate.ignores)
    added = []
    for fields in new:
        entry = ignore(fields)
        if not entry.active(today) or any(means_the_same(entry, one) for one in known):
            why = "it is listed already" if entry.active(today) else f"it expired after {entry.expires}"
            click.echo(neutralise(f"left out: {entry.label}, {why}"))
            continue
        known.append(entry)
        added.append(fields)
    if added:
        file.add(added)
        say_added(opened, file, [*map(ignore, added)])


def _fields(
    each: Imported, answers: Answers, image: str | None, today: date, violations: Violations
) -> dict[str, str]:
    reason, expires = each.reason or answers.reason, each.expires or answers.expires
    if reason is None:
        violations.add(each.position, (), f"{each.id} has no reason: write one beside it, or give --reason")
    if expires is None:
        violations.add(each.position, (), f"{each.id} never expires: give it a day, or all such with --expires")
    fields = {
        "id": each.id,
        "package": each.package,
        "path": each.path,
        "image": image,
        "reason": reason,
        "owner": answers.owner,
        "created": f"{today}",
        "expires": f"{expires}" if expires else None,
    }
    return {name: value for name, value in fields.items() if value is not None}
