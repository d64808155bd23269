"""After an edit: both texts, read again, say the same but for the edits."""

from __future__ import annotations

from itertools import zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import yaml

from ci_toolkit.errors import IntegrityError
from ci_toolkit.manifests.tree import events_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ci_toolkit.manifests.base import Edit

_SAYS: dict[type, Callable[[Any], object]] = {
    yaml.StreamStartEvent: lambda _: None,
    yaml.StreamEndEvent: lambda _: None,
    yaml.DocumentStartEvent: attrgetter("explicit", "version", "tags"),
    yaml.DocumentEndEvent: attrgetter("explicit"),
    yaml.AliasEvent: attrgetter("anchor"),
    yaml.ScalarEvent: attrgetter("value", "anchor", "tag", "implicit", "style"),
    yaml.SequenceStartEvent: attrgetter("anchor", "tag", "implicit", "flow_style"),
    yaml.SequenceEndEvent: lambda _: None,
    yaml.MappingStartEvent: attrgetter("anchor", "tag", "implicit", "flow_style"),
    yaml.MappingEndEvent: lambda _: None,
}
"""All that an event says, but for where it stands."""
HINT = "nothing was written; please report it with the line as it stands in the file"


class YamlFormat:
    """What all formats that are YAML share: how an edit is judged."""

    def verify(self, before: str, after: str, edits: Sequence[Edit]) -> None:
        """Raise IntegrityError unless the YAML events are the same but for the edits."""
        same_but(before, after, edits)


def same_but(before: str, after: str, edits: Sequence[Edit]) -> None:
    """Raise IntegrityError unless the YAML events of both texts are the same, but for what was edited and added."""
    once = sorted({(edit.part.start, edit.part.end): edit for edit in edits}.values(), key=_start)
    waiting = [edit for edit in reversed(once) if not edit.part.adds and edit.part.holds != "comment"]
    added = list(reversed(_added(once)))
    news = events_of(after)
    try:
        for old, new in zip_longest(events_of(before), _without(news, added) if added else news):
            kind = type(old)
            if kind is not type(new):
                _fail(old or new)
            if waiting and kind is yaml.ScalarEvent and _is_in(old, waiting[-1].part.start):
                edit = waiting.pop()
                if not _is_edited(old, new, edit):
                    _fail(old)
            elif _SAYS[kind](old) != _SAYS[kind](new):
                _fail(old)
    except yaml.YAMLError as error:
        message = f"an edit would have made the file unreadable: {getattr(error, 'problem', error)}"
        raise IntegrityError(message, hint=HINT) from None
    if waiting:
        message = f"an edit at character {_start(waiting[-1])} hit no value"
        raise IntegrityError(message, hint=HINT)
    if added:
        message = f"an edit would have put {added[-1][2][0]!r} where it is none"
        raise IntegrityError(message, hint=HINT)


def _start(edit: Edit) -> int:
    return edit.part.start


def _is_in(event: Any, index: int) -> bool:
    start: int = event.start_mark.index
    end: int = event.end_mark.index
    return start <= index < end or (index == end and not event.value)


def _is_edited(old: Any, new: Any, edit: Edit) -> bool:
    """True where the value has the edit and nothing else changed, but for the quotes that a plain one may have got."""
    if not edit.part.value:
        value = edit.new
    else:
        head, _, tail = old.value.rpartition(edit.part.value)
        value = f"{head}{edit.new}{tail}"
    quoted = edit.text != edit.new
    said = (value, old.anchor, old.tag, *(() if quoted else (old.implicit, old.style)))
    return said == (new.value, new.anchor, new.tag, *(() if quoted else (new.implicit, new.style)))


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


def _without(events: Iterable[Any], added: list[tuple[int, int, list[str]]]) -> Iterator[Any]:
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


def _fail(event: Any) -> None:
    line = event.start_mark.line + 1
    message = f"an edit would have changed more than the image: line {line} would mean something else"
    raise IntegrityError(message, hint=HINT)
