"""Which of the images to pin a file names: by a look at its bytes, and span by span."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import DOCKER_HUB, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.pinning import Target

OTHER = "another image"
"""Why most of the images that are seen are left alone."""
_HIDES = re.compile(rb"\\[xuU\r\n]")


class Wanted:
    """The targets, by what a file may call them."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._by_repository = {(repository, t.only): t for t in targets for repository in t.repositories}
        self._by_name = {target.name: target for target in targets if target.name}

    def target(self, span: ImageSpan) -> tuple[Target | None, str]:
        """The target that a span names; else why it names none."""
        if span.skipped:
            return None, span.skipped
        if span.marked in self._by_name:
            return self._by_name[span.marked], ""
        try:
            named = Reference.parse(span.marked or span.value)
        except UsageError as error:
            return None, error.message
        found = self._by_repository.get((named.repository, None))
        if found is None and named.digest is None and not span.marked:
            found = self._by_repository.get((named.repository, named.tag or ""))
        return found, OTHER


def may_hold(data: bytes, targets: Sequence[Target]) -> bool:
    """False only if none of the repositories can be in there: a look at bytes that saves the parsing.

    An escape that spells a letter or joins two lines may hide any word; others can't: `\\/` stands between words.
    """
    if any(all(word in data for word in words) for t in targets for words in _words(t)):
        return True
    return b"\\" in data and _HIDES.search(data) is not None


def _words(target: Target) -> Iterator[list[bytes]]:
    """What stands in every file that names a target, in any of these ways.

    A registry may stand apart from the rest, with or without some of it; Docker Hub's official images by their name.
    """
    for repository in target.repositories:
        path = repository.path
        yield (path.removeprefix("library/") if repository.registry == DOCKER_HUB else path).encode().split(b"/")
    yield [b"ci-toolkit:"]
