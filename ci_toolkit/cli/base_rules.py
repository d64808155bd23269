"""The base revision's word: what an untrusted run may do, and whose policy the gate follows."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError, ToolkitError
from ci_toolkit.model.trust import Trust, doubt_about

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.config.options import Config
    from ci_toolkit.config.rules import Rules
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor


class BaseRules:
    """The rules of the config at the base revision, read once, and only when they are asked for."""

    def __init__(
        self, settings: Settings, file: Path, context: CiContext, env: Mapping[str, str], redact: Redactor
    ) -> None:
        """`file`: the config that is checked out."""
        self._settings, self._file, self._context, self._env, self._redact = settings, file, context, env, redact
        self._asked: list[Rules | ToolkitError | None] = []

    def ask(self) -> Rules | ToolkitError | None:
        """The rules; None where the base has no config; the error where nobody can tell."""
        if not self._asked:
            try:
                self._asked.append(self._read())
            except ToolkitError as error:
                self._asked.append(error)
        return self._asked[0]

    def trust(self) -> Trust:
        """What this run may do."""
        doubt = doubt_about(self._context)
        if doubt is None:
            return Trust()
        asked = self.ask()
        if isinstance(asked, ToolkitError):
            return Trust(doubt=doubt, unknown=f"the base's config can't be read: {_first_line(asked)}")
        return Trust(doubt=doubt, allowed=asked.trust.allowed(doubt.kind) if asked else frozenset())

    def policy(self, config: Config, progress: Progress) -> tuple[Config, str | None]:
        """The config with the policy that counts, and where that is from, where it isn't the config's own.

        `base` counts where either side says it: what a pull request takes out of its own config still holds. Raises
        why the base can't be read where it is known that it counts. Where only the base could tell, the config's own
        counts: in a project whose checkout can't reach the base, nobody's base ever counted.
        """
        if not self._context.is_proposal:
            return config, None
        wanted = "base" in (self._settings.policy_from, config.scan.policy_from)
        asked = self.ask()
        if isinstance(asked, ToolkitError):
            if wanted and not self._settings.dry_run:
                raise asked
            progress.warn(f"the gate's policy is the change's own, for the base's can't be read: {_first_line(asked)}")
        elif asked is None:
            if wanted:
                progress.warn("the gate's policy is the change's own: the base has no config yet")
        elif wanted or asked.scan.policy_from == "base":
            known = replace(config, scan=asked.scan, policy_hash=asked.policy_hash)
            return known, f"base {self._short()}"
        return config, None

    def _short(self) -> str:
        from ci_toolkit.ci.revision import short

        return short(self._context.base_revision or "")

    def _read(self) -> Rules | None:
        from ci_toolkit.ci.revision import file_then, short
        from ci_toolkit.config.rules import rules
        from ci_toolkit.config.source import text_of
        from ci_toolkit.git import Git, checkout_of
        from ci_toolkit.process import SystemRunner
        from ci_toolkit.redact import Redactor

        base, checkout = self._context.base_revision, checkout_of(self._file.parent)
        if base is None:
            message = "the event doesn't tell which revision the change is based on"
            raise ToolError(message, hint="run it on `pull_request` or `merge_group`, with the event's whole payload")
        if checkout is None:
            message = f"{self._file.parent} is in no git checkout, so the base revision can't be read"
            raise ToolError(message, hint="check the repository out with `fetch-depth: 0`")
        # Its own redactor knows nothing: the file is wanted as it is.
        git = Git(SystemRunner(self._env, Redactor()), checkout)
        found = file_then(git, base, self._paths(checkout), self._redact, fetch=not self._settings.dry_run)
        if found is None:
            return None

        def beside(path: str) -> tuple[str, str] | None:
            there = file_then(git, base, [normpath(join(dirname(found.path), path))], self._redact, fetch=False)
            if there is None:
                return None
            name = f"{short(base)}:{there.path}"
            return name, text_of(there.data, name)

        return rules(found.data, f"{short(base)}:{found.path}", self._env, beside)

    def _paths(self, checkout: Path) -> Sequence[str]:
        """Where the base's config may be: where it was named, or in the order in which one is looked for.

        From the current directory upwards, not from the config that was found: the change may have put that nearer.
        """
        from ci_toolkit.config.find import NAME

        named = self._settings.config
        real = Path(os.path.realpath(self._file.parent))
        if named is not None:
            return [(real / self._file.name).relative_to(checkout).as_posix()]
        here = Path(os.path.realpath(Path.cwd()))
        places = [place for place in (here, *here.parents) if place.is_relative_to(checkout)]
        return [(place / NAME).relative_to(checkout).as_posix() for place in places]


def _first_line(error: ToolkitError) -> str:
    violations = getattr(error, "violations", ())
    said = violations[0] if violations else error.message.partition("\n")[0]
    return f"{said}; {error.hint}" if error.hint else said
