"""`.ci-toolkit.yml` to frozen options: read, parse, judge, and only then believe."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit.config import document, schema, source, typed, typed_rules
from ci_toolkit.config.crosscheck import crosscheck
from ci_toolkit.config.find import NAME
from ci_toolkit.config.formats import duration
from ci_toolkit.config.ignore_files import with_files, wrong_dates
from ci_toolkit.config.parse import parse
from ci_toolkit.config.violations import Violations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ci_toolkit.config.document import Document
    from ci_toolkit.config.ignore_files import Beside
    from ci_toolkit.config.nodes import Node
    from ci_toolkit.config.options import Config, LintOptions


def load(path: Path, env: Mapping[str, str], *, logins: bool = True, today: date | None = None) -> Config:
    """The config in this file and its files of ignored findings, their `${VAR}` taken from `env`.

    Without `logins` nobody logs in, so a password's variable needn't be set: a fork's pull request has no secrets.
    Raises ConfigError with every violation at once, as `file:line:column: path: message` in the file's order.
    `today` is UTC's unless given: no ignored finding may last too long from there.
    """
    file = Path(os.path.abspath(path))  # noqa: PTH100 resolve() would follow a symbolic link to another directory
    name = _name(file)
    today = today or datetime.now(UTC).date()
    violations = Violations()
    tree = parsed(source.read(file, name), name, violations)
    rules = schema.load()
    read = document.Document(rules, tree, env, violations, needs_secrets=logins)
    judge(read, name)
    if isinstance(read.value, dict) and not violations.are_enough:
        given = document.pruned(read)
        filled = rules.filled(rules.document, given)
        crosscheck(given, filled, read.value, file.parent, read.add)
        check_dates(filled.get("scan", {}), today, read)
    violations.raise_if_any(name)
    filled = rules.filled(rules.document, read.value)
    scan = with_files(filled["scan"], _beside(file.parent), env, today, filled["images"])
    return typed.config({**filled, "scan": scan}, rules, file, env)


def lint_defaults() -> LintOptions:
    """The options of `lint` where there is no config."""
    rules = schema.load()
    return typed_rules.lint(rules.filled(rules.document, {})["lint"])


def default_config(root: Path) -> Config:
    """What holds where there is no config: as if one in `root` named no image and nothing else."""
    rules = schema.load()
    return typed.config(rules.filled(rules.document, {"version": 1, "images": {}}), rules, root / NAME, {})


def parsed(text: str, name: str, violations: Violations) -> Node:
    """The tree of a config's text; raises ConfigError where there is none."""
    tree = parse(text, violations)
    if tree is None:
        violations.raise_if_any(name)
        raise AssertionError(name)
    return tree


def check_dates(scan: Mapping[str, Any], today: date, read: Document) -> None:
    """Note the ignored findings that last too long. `scan`: the section with its defaults, without what is wrong."""
    lifetime = duration(scan["ignore-lifetime"])
    for path, message in wrong_dates(scan["ignore"], lifetime, today):
        read.add(("scan", "ignore", *path), message)


def judge(read: Document, name: str) -> None:
    """Note what the schema refuses; raises ConfigError for a config in a newer format."""
    _refuse_newer(read, name)
    if not read.schema.conforms(read.value):
        from ci_toolkit.config.explain import explain

        explain(read)


def _refuse_newer(read: Document, name: str) -> None:
    """A newer format is one violation: whatever else looks wrong may be right in it."""
    known = read.schema.document["properties"]["version"]["const"]
    version = read.value.get("version") if isinstance(read.value, dict) else None
    if type(version) is int and version > known:
        newer = Violations()
        read.violations = newer
        read.add(("version",), f"version {version} needs a newer ci-toolkit: this one reads version {known}")
        newer.raise_if_any(name)


def _beside(root: Path) -> Beside:
    def read(path: str) -> tuple[str, str] | None:
        file = root / path
        name = _name(file)
        return (name, source.read(file, name)) if file.exists() else None

    return read


def _name(file: Path) -> str:
    """The file as the user would call it: relative where it lies below the current directory."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)
