"""Text from outside, made harmless before it is shown."""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring
from math import isfinite

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_COLONS = re.compile(r"^(\s*)::|(?<!\w)::(?=[A-Za-z])")
_HASHES = re.compile(r"##(?=\w*\[)")
_OPENINGS = re.compile(r"#(?=#\w*\[)")


def neutral_json(document: object) -> str:
    """A document as indented JSON in which no CI system finds a command: one of `##[` could stand in any string."""
    text = indented_json(document, 2)
    return _OPENINGS.sub(r"\\u0023", text) if "##" in text else text


def indented_json(document: object, indent: int) -> str:
    """What `json.dumps` makes with this indent, every character as it is; it does so in slow Python alone."""
    encode = json.JSONEncoder(ensure_ascii=False).encode

    def told(value: object, line: str) -> str:
        if isinstance(value, str):
            return encode_basestring(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float) and isfinite(value):
            return repr(value)
        if not value or not isinstance(value, dict | list | tuple):
            return encode(value)
        inner = line + " " * indent
        if isinstance(value, dict):
            items = [
                f"{encode_basestring(key)}: {encode_basestring(item) if type(item) is str else told(item, inner)}"
                for key, item in value.items()
            ]
            return f"{{{inner}{f',{inner}'.join(items)}{line}}}"
        return f"[{inner}{f',{inner}'.join([told(item, inner) for item in value])}{line}]"

    return told(document, "\n")


def neutralise(line: str) -> str:
    """The line without control bytes and escape sequences, in which no CI system finds a command.

    `::error::` and `##[group]` are GitHub's (actions/toolkit, docs/commands.md), `##vso[` is Azure's; GitLab's
    section markers need the control bytes.
    """
    if line.isascii() and line.isprintable() and "::" not in line and "##" not in line:
        return line  # Nothing below finds anything in it, and takes ten times as long to say so.
    plain = _CONTROLS.sub("", _ESCAPES.sub("", line))
    return _HASHES.sub("# #", _COLONS.sub(r"\1: :", plain))


def harmless(text: str) -> str:
    """Text of several lines, each of them neutralised."""
    return "\n".join(neutralise(line) for line in text.split("\n"))
