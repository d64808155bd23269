"""The files of `scan.ignore-files`: read like the config, judged by a schema of their own, added to `scan.ignore`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ci_toolkit.config import document, formats, schema
from ci_toolkit.config.crosscheck import meant
from ci_toolkit.config.parse import parse
from ci_toolkit.config.violations import Violations, quoted
from ci_toolkit.errors import ConfigError
from ci_toolkit.files import packaged_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from ci_toolkit.config.violations import Path

FILE = "ignore.schema.json"
Beside = Callable[[str], tuple[str, str] | None]
"""A file's name for messages and its text, by its path from the config's directory; None where there is none."""


def with_files(
    scan: Mapping[str, Any],
    beside: Beside,
    env: Mapping[str, str],
    today: date,
    images: Collection[str] | None = None,
) -> dict[str, Any]:
    """The section `scan`, in whose `ignore` the entries of its `ignore-files` follow its own.

    `images`: those that entries may name, where that is known. Raises ConfigError with every violation of every file.
    """
    entries: list[dict[str, str]] = list(scan["ignore"])
    violations: list[str] = []
    lifetime = formats.duration(scan["ignore-lifetime"])
    for path in scan["ignore-files"]:
        try:
            if found := beside(path):
                entries += read(*found, env, lifetime, today, images)
        except ConfigError as error:
            violations += error.violations or [error.message]
    if violations:
        message = f"{len(violations)} error{'s' if len(violations) > 1 else ''} in files of `scan.ignore-files`"
        hint = "`ci-toolkit schema --ignore` prints what may stand there"
        raise ConfigError(message, hint=hint, violations=violations)
    return {**scan, "ignore": entries}


def read(
    name: str,
    text: str,
    env: Mapping[str, str],
    lifetime: timedelta,
    today: date,
    images: Collection[str] | None = None,
) -> list[dict[str, str]]:
    """The entries of a file's text, `name` in messages; a file of comments alone has none. Raises ConfigError."""
    if is_blank(text):
        return []
    entries: list[dict[str, str]] = []
    violations = Violations()
    tree = parse(text, violations)
    if tree is not None:
        judged = document.Document(schema.Schema(json.loads(packaged_schema(FILE))), tree, env, violations)
        if not judged.schema.conforms(judged.value):
            from ci_toolkit.config.explain import explain

            explain(judged)
        known = document.pruned(judged)
        for path, message in _wrong(known if isinstance(known, list) else [], lifetime, today, images):
            judged.add(path, message)
        entries = judged.value
    violations.raise_if_any(name)
    return entries


def is_blank(text: str) -> bool:
    """True for nothing but comments."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def wrong_dates(
    entries: Sequence[Mapping[str, Any] | None], lifetime: timedelta, today: date
) -> Iterator[tuple[Path, str]]:
    """What is wrong with the entries' dates, by its place in the list. What the schema refused is missing or None."""
    for index, entry in enumerate(entries):
        if entry is None or "expires" not in entry:
            continue
        expires = formats.day(entry["expires"])
        created = formats.day(entry["created"]) if "created" in entry else None
        if created and created > today + timedelta(days=1):  # where it is tomorrow already
            yield (index, "created"), f"{created} is still to come: write the day on which the finding was looked at"
        elif created and created > expires:
            yield (index, "expires"), f"{expires} is before the entry was created, on {created}"
        elif expires - (start := created or today) > lifetime:
            latest = start + lifetime
            yield (index, "expires"), f"an entry lasts {lifetime.days} days at most, this one until {latest}"


def _wrong(
    entries: Sequence[Mapping[str, Any] | None], lifetime: timedelta, today: date, images: Collection[str] | None
) -> Iterator[tuple[Path, str]]:
    yield from wrong_dates(entries, lifetime, today)
    for index, entry in enumerate(entries):
        name = (entry or {}).get("image")
        if images is not None and name is not None and name not in images:
            yield (index, "image"), f"no image is called {quoted(name)}: {meant(name, tuple(images))}"
