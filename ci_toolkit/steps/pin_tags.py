"""What registries are asked before a digest is written: is its tag still its own, does a part replace an index?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.oci import Index, parse_document
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_toolkit.manifests.written import Written
    from ci_toolkit.registry.destinations import Destinations

_MOVED = "somebody moved it since the push: run the job again from its build, or pin with `style: digest`"


class Registries:
    """Asks the registries of what is written. `pushed_now`: this run has pushed the tags itself, just before."""

    def __init__(self, destinations: Callable[[], Destinations], *, pushed_now: bool) -> None:
        self._destinations = destinations
        self._pushed_now = pushed_now

    def plan(self, step: str, written: Sequence[Written]) -> Sequence[Action]:
        """The requests of `check`."""
        if self._pushed_now:
            return []
        return [
            Action(
                step=step,
                kind="request",
                summary=f"ask whether {each.repository}:{each.tag} still is {each.digest}",
                method="HEAD",
                url=self._destinations().manifest_url(each.repository, each.tag),
            )
            for each in _once(written)
        ]

    def check(self, written: Sequence[Written]) -> None:
        """Raise IntegrityError for a tag that isn't the digest's any more, or an index whose part would replace it.

        Raises HttpError where a registry doesn't answer.
        """
        for each in [] if self._pushed_now else _once(written):
            found = self._destinations().repository(each.repository).resolve(each.tag)
            if found is None or str(found.digest) != each.digest:
                now = f"is {found.digest} now" if found else "isn't there any more"
                message = f"{each.repository}:{each.tag} {now}, and {each.digest} was pushed: nothing was written"
                raise IntegrityError(message, hint=_MOVED)
        for each in dict.fromkeys(each for each in written if each.alone and each.before):
            self._refuse_part(each)

    def _refuse_part(self, each: Written) -> None:
        content = self._destinations().repository(each.repository).content(each.before)
        document = parse_document(content.data, content.descriptor.media_type) if content else None
        parts = {str(part.digest) for part in document.manifests} if isinstance(document, Index) else set()
        if each.digest in parts:
            message = (
                f"{each.repository}@{each.before} is the image for all platforms, and {each.digest} one of its parts: "
                "nothing was written"
            )
            raise IntegrityError(message, hint="one is never swapped for the other: write the digest you want by hand")


def _once(written: Sequence[Written]) -> list[Written]:
    """One for each tag."""
    return list({(each.repository, each.tag): each for each in written if each.tag}.values())
