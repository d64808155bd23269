"""Edits to a text by span: one pure function for every format, and the proof that nothing else changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from ci_toolkit.errors import IntegrityError
from ci_toolkit.manifests.document import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_toolkit.manifests.document import Scalar


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace `text[start:end]` by `new`; offsets in code points."""

    start: int
    end: int
    new: str


def inner_span(text: str, scalar: Scalar) -> tuple[int, int] | None:
    """Where the scalar's own text stands: without anchor, tag, quotes, block header, blank ends.

    None where the value isn't written as it reads (escapes, folded lines): such a scalar can't be edited by span.
    """
    value = scalar.value.strip()
    raw = text[scalar.start : scalar.end]
    at = raw.rfind(value) if value else -1
    if at < 0:
        return None
    before, after = raw[:at], raw[at + len(value) :]
    if scalar.style in ("'", '"') and not (before.endswith(scalar.style) and after == scalar.style):
        return None
    return scalar.start + at, scalar.start + at + len(value)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made; edits must not overlap, the same edit twice counts once."""
    parts: list[str] = []
    position = 0
    for edit in sorted(set(edits)):
        if edit.start < position:
            message = f"two edits overlap at character {edit.start}"
            raise IntegrityError(message)
        parts += [text[position : edit.start], edit.new]
        position = edit.end
    return "".join([*parts, text[position:]])


def check_only_targets_changed(old: str, new: str, targets: dict[int, str], name: str) -> None:
    """Parse both and compare event by event; `targets` are the events that changed and their new values.

    Raises IntegrityError if any other event differs, or a target reads otherwise than it should.
    """
    before, after = _shape(old, name), _shape(new, name)
    if len(before) == len(after):
        differing = [i for i, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
        if all(before[i][:-1] == after[i][:-1] and after[i][-1].strip() == targets.get(i) for i in differing):
            return
    message = f"{name}: the edit would change more than its targets, so nothing was written"
    raise IntegrityError(message, hint="report this with the file: it is a bug")


def _shape(text: str, name: str) -> Sequence[tuple[str, ...]]:
    return [
        (
            type(event).__name__,
            str(getattr(event, "anchor", None)),
            str(getattr(event, "tag", None)),
            str(getattr(event, "style", None) or getattr(event, "flow_style", None)),
            event.value if isinstance(event, yaml.ScalarEvent) else "",
        )
        for event in events(text, name)
    ]
