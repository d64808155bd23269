"""An entry of the triage as YAML: what is pasted into `scan.ignore`, or appended to a file of entries."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from ci_toolkit.model.policy import IMAGE_CONFIG

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ci_toolkit.model.findings import Finding

LIFETIME = timedelta(days=90)
"""How long an entry lasts where nobody says otherwise."""
_PLAIN = re.compile(r"[A-Za-z0-9_./](?:[A-Za-z0-9_./+@=~,;()?&%-]| (?=[A-Za-z0-9_./(])|:(?=[^ ]))*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"[\d._+-]+(?:[eE][-+]?\d+)?|0[xo][\da-fA-F]+|\.(?:inf|nan)", re.IGNORECASE)
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_GLOB = re.compile(r"[*?[]")


def is_image_name(text: str) -> bool:
    """True for what the config could call an image; most targets of a scan could not be."""
    return bool(_IMAGE.fullmatch(text))


def entry_for(finding: Finding, image: str | None, today: date) -> str:
    """The entry that takes this finding of this image, or of any, out of the gate, as YAML that ends in a newline.

    `reason` and `owner` are left empty, which no config passes with: people have to fill them in. Safe to print:
    whatever the finding's parts hold stands in it escaped.
    """
    what = {"package": finding.package} if finding.package else {"path": _as_glob(finding)}
    lasting = {"created": f"{today}", "expires": f"{today + LIFETIME}"}
    return entry({"id": finding.id, **what, "image": image, "reason": "", "owner": "", **lasting})


def entry(fields: Mapping[str, str | None]) -> str:
    """One item of a list of mappings, in the order of its fields, without those that are None."""
    lines = [f"{name}: {scalar(value)}" for name, value in fields.items() if value is not None]
    return "".join(f"{'  ' if number else '- '}{line}\n" for number, line in enumerate(lines))


def scalar(text: str) -> str:
    """A text as a YAML scalar on one line: in double quotes where it could be read as anything else.

    `${` is doubled to `$${`, as the reader of the config takes it (docs/configuration.md).
    """
    text = text.replace("${", "$${")
    is_text = _DATE.fullmatch(text) or not (_NUMBER.fullmatch(text) or text.lower() in _WORDS)
    if is_text and _PLAIN.fullmatch(text):
        return text
    quoted = "".join(map(_escaped, text)).replace("::", ":\\u003a").replace("##", "#\\u0023")
    return f'"{quoted}"'


def _escaped(character: str) -> str:
    """Source: YAML 1.2.2, 5.7: escape sequences by code point."""
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


def _as_glob(finding: Finding) -> str:
    """The finding's path as a pattern that matches just that."""
    return _GLOB.sub(lambda match: f"[{match[0]}]", finding.path) or IMAGE_CONFIG
