"""What a request to merge pins says, as Markdown."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ci_toolkit.report.plain import code, link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_toolkit.model.commit_message import Delivered
    from ci_toolkit.state import PinEdit

_MOST_IMAGES, _MOST_PLACES = 100, 200
_MOST_CHARACTERS = 60_000
"""GitHub takes 65,536, GitLab a million."""
_CARE = (
    "ci-toolkit keeps this request: the next delivery replaces its commit, this text and the title. Commits that "
    "others add to the branch stay."
)


def request_description(
    delivered: Sequence[Delivered], edits: Sequence[PinEdit], *, prefix: str = "", run_url: str | None = None
) -> str:
    """The images with their digests, each place's old and new value, the run. `prefix`: of files within the checkout.

    No line begins with what it is about, which GitLab could take for a command (`/merge`).
    """
    text = "\n".join([*_images(delivered), "", *_places(edits, prefix)])
    if len(text) > _MOST_CHARACTERS:
        text = "\n".join(_images(delivered))[:_MOST_CHARACTERS] + "\n\n_… the places are in the commit_"
    made = f"Made by {link('this run', run_url)}. " if run_url else ""
    return f"{text}\n\n{made}{_CARE}\n"


def _images(delivered: Sequence[Delivered]) -> Iterator[str]:
    yield from ("| image | digest |", "|---|---|")
    yield from (f"| {code(image.name)} | {code(image.digest)} |" for image in delivered[:_MOST_IMAGES])
    yield from _more(len(delivered) - _MOST_IMAGES, "images")


def _places(edits: Sequence[PinEdit], prefix: str) -> Iterator[str]:
    ordered = sorted(edits, key=lambda edit: (edit.file, edit.document, edit.line))
    for file, places in groupby(ordered[:_MOST_PLACES], key=lambda edit: edit.file):
        yield from (f"### {code(prefix + file)}", "", *_rows(places), "")
    yield from _more(len(ordered) - _MOST_PLACES, "places")


def _rows(places: Iterable[PinEdit]) -> Iterator[str]:
    yield from ("| line | old | new |", "|---|---|---|")
    yield from (f"| {edit.line} | {code(edit.old, 600)} | {code(edit.new, 600)} |" for edit in places)


def _more(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"\n_… {count} more {what}_"
