"""What standard error is: a terminal with bars, or a log, of a CI system perhaps."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.ci.platform import Platform
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor


@contextmanager
def chosen_progress(
    settings: Settings, redact: Redactor, env: Mapping[str, str], platform: Platform
) -> Iterator[Progress]:
    """Progress for the terminal or the log that standard error is."""
    if sys.stderr.isatty() and not (settings.quiet or settings.dry_run or env.get("CI") or env.get("TERM") == "dumb"):
        from ci_toolkit.ci.terminal import LiveProgress

        with LiveProgress(sys.stderr, redact, verbose=settings.verbose, color=not settings.no_color) as live:
            yield live
        return
    quiet = settings.quiet or settings.dry_run
    try:
        yield platform.progress(sys.stderr, redact, quiet=quiet, verbose=settings.verbose)
    finally:
        platform.settle()
