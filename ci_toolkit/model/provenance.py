"""Where an image's layers come from: its history held against the Dockerfile that it was built from.

Sources: OCI image specification, image configuration (`history`); BuildKit, `dockerfile2llb/convert.go` and
`exporter/containerimage/writer.go`; moby, `builder/dockerfile/internals.go` for the classic builder's `#(nop)`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.model.findings import Layer
    from ci_toolkit.model.recipe import Recipe, Step

_BUILDKIT = "buildkit.dockerfile"
_INVENTED = "buildkit.exporter"
"""What BuildKit adds at the end for layers of a base image that has no history."""
_SHOWN = 500
"""Characters of an instruction that are kept."""
_NOP = re.compile(r"[^#]*#\(nop\)\s+(?P<said>(?P<keyword>[A-Z]+)\b.*)", re.DOTALL)
_ARGUMENTS = re.compile(r"(?:RUN )?\|\d+ ")
_SHELL = re.compile(r" (?:/usr)?/bin/\w+ (?:-\w+ )*?-\w*c ")
_KEYWORDS = frozenset(
    {
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER"),
        *("ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    }
)


class Entry(NamedTuple):
    """One line of an image's history: untrusted."""

    created_by: str
    comment: str
    is_empty: bool
    """It made no layer."""


def traced(layers: Sequence[Layer], history: Sequence[Entry], recipe: Recipe | None) -> tuple[Layer, ...]:
    """The layers (lowest first) with what is known of them.

    Own layers get their instruction's line, the base image's that of the `FROM`. Where history and recipe disagree
    in a single step, nothing is claimed of any layer but what the history itself says.
    """
    entries = [entry for entry in history if not entry.comment.startswith(_INVENTED)]
    makers = [entry for entry in entries if not entry.is_empty]
    nameless = len(layers) - len(makers)
    if nameless < 0:
        return tuple(layers)
    told = [*layers[:nameless], *map(_told, layers[nameless:], makers)]
    steps = _own(entries, recipe) if recipe else None
    if recipe is None or steps is None or (recipe.base == "scratch" and (nameless or len(steps) < len(entries))):
        return tuple(layers if nameless else told)
    carried_out = zip(entries[len(entries) - len(steps) :], steps, strict=True)
    lines = [step.line if step else 0 for entry, step in carried_out if not entry.is_empty]
    height = len(layers) - len(lines)
    base = [_of_base(layer, recipe) for layer in (layers[:height] if nameless else told[:height])]
    own = [replace(layer, base=False, line=line) for layer, line in zip(told[height:], lines, strict=True)]
    return (*base, *own)


def _of_base(layer: Layer, recipe: Recipe) -> Layer:
    return replace(layer, base=True, line=recipe.line) if recipe.is_base_sure else layer


def _own(entries: Sequence[Entry], recipe: Recipe) -> Sequence[Step | None] | None:
    """The steps of the last entries, None for a `--label` that the classic builder put behind them.

    None where they don't agree.
    """
    by_buildkit = bool(entries) and entries[-1].comment.startswith(_BUILDKIT)
    steps = [step for step in recipe.steps if not (by_buildkit and step.is_trigger)]
    labelled: list[list[Step | None]] = [[]]
    if entries and not by_buildkit and _keyword(entries[-1]) == "LABEL":
        labelled.append([None])
    for behind in labelled:
        expected = [*steps, *behind]
        if len(expected) <= len(entries) and all(map(_agree, entries[len(entries) - len(expected) :], expected)):
            return expected
    return None


def _agree(entry: Entry, step: Step | None) -> bool:
    if step is None:
        return True
    if step.is_trigger or _keyword(entry) != step.keyword:
        return step.is_trigger and _keyword(entry) == "ONBUILD"
    said = " ".join(entry.created_by.removesuffix(" # buildkit").split())
    if step.keyword == "RUN" and step.is_plain:
        return said.endswith(step.words)
    if step.keyword in ("COPY", "ADD") and step.is_plain and not any(mark in step.words for mark in "$\"'\\`"):
        return said.rpartition(" ")[2] == step.words.rpartition(" ")[2]
    return True


def _keyword(entry: Entry) -> str:
    if match := _NOP.match(entry.created_by):
        return match["keyword"]
    first = entry.created_by.lstrip().partition(" ")[0]
    return first if first in _KEYWORDS else "RUN"


def _told(layer: Layer, entry: Entry) -> Layer:
    """The layer with its instruction; the values of build arguments, which stand before a command, are left out."""
    text = entry.created_by.removesuffix(" # buildkit")
    if match := _NOP.match(text):
        text = match["said"]
    elif arguments := _ARGUMENTS.match(text):
        shell = _SHELL.search(text, arguments.end() - 1)
        text = f"RUN{shell[0]}{text[shell.end() :]}" if shell else "RUN"
    elif entry.created_by.startswith("/bin/"):
        text = f"RUN {text}"
    text = text.strip()
    return replace(layer, created_by=text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
