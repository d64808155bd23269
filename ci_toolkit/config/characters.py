"""Which characters may stand in a config, in its file and in the values of its variables."""

from __future__ import annotations

import re

# Kept to 8 bits: compiling a wider set takes as long as reading a whole config.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")


def unprintable(text: str) -> tuple[int, str] | None:
    """Offset and name (`U+0007`) of the first character that YAML 1.2.2 (5.1, c-printable) leaves out, or None."""
    if control := _CONTROL.search(text):
        return control.start(), f"U+{ord(control[0]):04X}"
    if text.isascii():
        return None
    for offset, character in enumerate(text):
        if "\ud800" <= character <= "\udfff" or character in "\ufffe\uffff":
            return offset, f"U+{ord(character):04X}"
    return None
