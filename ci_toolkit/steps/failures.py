"""Several failures told as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.errors import ToolkitError


def joined(failures: Sequence[tuple[str, ToolkitError]]) -> ToolkitError:
    """One error for all, each with what it happened to.

    Disagreeing bytes weigh more than a registry that fails, and that more than a tool.
    """
    worst = max((error for _, error in failures), key=lambda error: error.exit_code)
    if len(failures) > 1:
        told = [f"{label}: {error.message}" for label, error in failures]
        hints = dict.fromkeys(error.hint for _, error in failures if error.hint)
        worst.message, worst.hint = "; ".join(told), "; ".join(hints)
        worst.args = (worst.message,)
    return worst
