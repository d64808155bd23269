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
    """Raise IntegrityError unless the YAML events of both texts are the same, but for the scalars edited."""
    waiting = sorted({(edit.span.start, edit.span.value, edit.new) for edit in edits}, reverse=True)
    olds: Iterator[Any] = yaml.parse(before, Loader=_Loader)
    news: Iterator[Any] = yaml.parse(after, Loader=_Loader)
    try:
        for old, new in zip_longest(olds, news):
            if old is None or new is None or type(old) is not type(new):
                _fail(old or new)
            value = getattr(old, "value", None)
            if value is not None and waiting and old.start_mark.index <= waiting[-1][0] < old.end_mark.index:
                _, was, becomes = waiting.pop()
                head, _, tail = value.rpartition(was)
                value = f"{head}{becomes}{tail}"
            if _meaning(old, value) != _meaning(new, getattr(new, "value", None)):
                _fail(old)
    except yaml.YAMLError as error:
        message = f"an edit would have made the file unreadable: {getattr(error, 'problem', error)}"
        raise IntegrityError(message, hint=_HINT) from None
    if waiting:
        message = f"an edit at character {waiting[-1][0]} hit no value"
        raise IntegrityError(message, hint=_HINT)


def _meaning(event: Any, value: str | None) -> tuple[object, ...]:
    return (
        value,
        getattr(event, "anchor", None),
        getattr(event, "tag", None),
        getattr(event, "implicit", None),
        getattr(event, "style", None),
        getattr(event, "flow_style", None),
        getattr(event, "explicit", None),
    )


def _fail(event: Any) -> None:
    line = event.start_mark.line + 1
    message = f"an edit would have changed more than the image: line {line} would mean something else"
    raise IntegrityError(message, hint=_HINT)
