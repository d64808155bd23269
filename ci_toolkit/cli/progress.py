"""What standard error is: a terminal with bars, or a log."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ci_toolkit.ci.plain import PlainProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor


@contextmanager
def chosen_progress(settings: Settings, redact: Redactor, env: Mapping[str, str]) -> Iterator[Progress]:
    """Progress for the terminal or the log that standard error is."""
    if sys.stderr.isatty() and not (settings.quiet or settings.dry_run or env.get("CI") or env.get("TERM") == "dumb"):
        from ci_toolkit.ci.terminal import LiveProgress

        with LiveProgress(sys.stderr, redact, verbose=settings.verbose, color=not settings.no_color) as live:
            yield live
    else:
        yield PlainProgress(sys.stderr, redact, quiet=settings.quiet or settings.dry_run, verbose=settings.verbose)
