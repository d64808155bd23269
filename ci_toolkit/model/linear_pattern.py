"""Regular expressions that take time proportional to the text, whatever pattern a config holds: RE2's.

Python's own matcher tries one way after the other, which for `(a+)+$` and its like takes longer than anyone waits.
Source of the syntax: google/re2, wiki, Syntax.
"""

from __future__ import annotations

import re2

from ci_toolkit.errors import UsageError

_LONGEST = 200
_LONGEST_TEXT = 1000
_MEMORY = 1024 * 1024
"""Bytes a compiled pattern may take: repeated repetitions grow fast."""


class LinearPattern:
    """A compiled pattern; raises UsageError for one that is wrong, too long, or can't be matched in linear time."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            message = f"the pattern has more than {_LONGEST} characters"
            raise UsageError(message, hint="shorten it")
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        try:
            self._pattern = re2.compile(text, options)
        except re2.error as error:
            message = f"the pattern {text[:60]!r} can't be used: {_told(error)}"
            hint = "it is read as RE2, which has no looking around and no references back"
            raise UsageError(message, hint=hint) from None
        self.groups: int = self._pattern.groups
        """How many groups there are, the whole not counted."""

    def search(self, text: str) -> tuple[str | None, ...] | None:
        """The first match anywhere in the text: the whole, then each group (None: it took no part); None without.

        A text of more than 1,000 characters has no match.
        """
        found = self._pattern.search(text) if len(text) <= _LONGEST_TEXT else None
        return (found[0], *found.groups()) if found else None


def _told(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
