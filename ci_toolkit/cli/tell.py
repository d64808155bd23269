"""Tells what ended a command where the CI system shows it: in its log, and on the page of a run that has none yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from ci_toolkit.ci.platform import Platform


def told(error: ToolkitError, platform: Platform) -> bool:
    """Tell it in the CI system's own way; False where it has none and nothing was written."""
    if not platform.announce(error, sys.stderr):
        return False
    if not platform.has_published and (room := platform.summary_room()):
        from ci_toolkit.ci.platform import Published
        from ci_toolkit.report.markdown_failure import failure_markdown

        try:
            platform.publish(Published(summary=failure_markdown(error, limit=room)))
        except ToolkitError as other:  # what ended the command matters more
            sys.stderr.write(f"warning: {other.message}\n")
    return True
