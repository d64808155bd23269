"""After an edit: both texts, read again, say the same but for the edits."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import yaml

from ci_toolkit.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.manifests.base import Edit

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HINT = "nothing was written; please report it with the line as it stands in the file"


def same_but(before: str, after: str, edits: Sequence[Edit]) -> None:
    """Raise IntegrityError unless the YAML events of both texts are the same, but for what was edited and added."""
    once = sorted({(edit.part.start, edit.part.end): edit for edit in edits}.values(), key=_start)
    waiting = [edit for edit in reversed(once) if not edit.part.adds and edit.part.holds != "comment"]
    added = list(reversed(_added(once)))
    olds: Iterator[Any] = yaml.parse(before, Loader=_Loader)
    news = _without(yaml.parse(after, Loader=_Loader), added)
    try:
        for old, new in zip_longest(olds, news):
            if old is None or new is None or type(old) is not type(new):
                _fail(old or new)
            value = getattr(old, "value", None)
            quoted = False
            if value is not None and waiting and _is_in(old, waiting[-1].part.start):
                edit = waiting.pop()
                value, quoted = _edited(value, edit), edit.text != edit.new
            if _meaning(old, value, quoted=quoted) != _meaning(new, getattr(new, "value", None), quoted=quoted):
                _fail(old)
    except yaml.YAMLError as error:
        message = f"an edit would have made the file unreadable: {getattr(error, 'problem', error)}"
        raise IntegrityError(message, hint=_HINT) from None
    if waiting:
        message = f"an edit at character {_start(waiting[-1])} hit no value"
        raise IntegrityError(message, hint=_HINT)
    if added:
        message = f"an edit would have put {added[-1][2][0]!r} where it is none"
        raise IntegrityError(message, hint=_HINT)


def _start(edit: Edit) -> int:
    return edit.part.start


def _is_in(event: Any, index: int) -> bool:
    start: int = event.start_mark.index
    end: int = event.end_mark.index
    return start <= index < end or start == end == index


def _edited(value: str, edit: Edit) -> str:
    if not edit.part.value:
        return edit.new
    head, _, tail = value.rpartition(edit.part.value)
    return f"{head}{edit.new}{tail}"


def _added(edits: Sequence[Edit]) -> list[tuple[int, int, list[str]]]:
    """Where keys were put, in the new text, and the values that are to be read there."""
    found = []
    moved = 0
    for edit in edits:
        start = edit.part.start + moved
        if edit.part.adds:
            found.append((start, start + len(edit.text), [edit.part.adds, edit.new]))
        moved += len(edit.text) - (edit.part.end - edit.part.start)
    return found


def _without(events: Iterator[Any], added: list[tuple[int, int, list[str]]]) -> Iterator[Any]:
    """The events but for those of the keys that were put there, last first in `added`; those found leave it."""
    for event in events:
        value = getattr(event, "value", None)
        if value is not None and added and added[-1][0] <= event.start_mark.index < added[-1][1]:
            wanted = added[-1][2]
            if value != wanted.pop(0):
                _fail(event)
            if not wanted:
                added.pop()
            continue
        yield event


def _meaning(event: Any, value: str | None, *, quoted: bool) -> tuple[object, ...]:
    """What an event says; `quoted`: a plain scalar got quotes, so its style and what it implies may differ."""
    return (
        value,
        getattr(event, "anchor", None),
        getattr(event, "tag", None),
        None if quoted else getattr(event, "implicit", None),
        None if quoted else getattr(event, "style", None),
        getattr(event, "flow_style", None),
        getattr(event, "explicit", None),
    )


def _fail(event: Any) -> None:
    line = event.start_mark.line + 1
    message = f"an edit would have changed more than the image: line {line} would mean something else"
    raise IntegrityError(message, hint=_HINT)
