"""What isn't where it was looked for, told with what is near."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import RemoteError
from ci_toolkit.registry.pointing import where

if TYPE_CHECKING:
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.client import RepositoryClient

_PAGES = 5
_SHOWN = 5


def find(repository: RepositoryClient, reference: str) -> Descriptor:
    """What a tag or digest points at; raises RemoteError that names near tags where there is nothing."""
    found = repository.resolve(reference)
    if found is None:
        raise lost(repository, reference)
    return found


def lost(repository: RepositoryClient, reference: str) -> RemoteError:
    """The error for a tag or digest that isn't there."""
    joint = "@" if reference.startswith("sha256:") else ":"
    message = f"{where(repository)}{joint}{reference} doesn't exist"
    return RemoteError(message, hint=_hint(repository, reference, by_tag=joint == ":"))


def _hint(repository: RepositoryClient, reference: str, *, by_tag: bool) -> str:
    tags: list[str] = []
    try:
        for number, page in enumerate(repository.tag_pages()):
            tags += page
            if number == _PAGES:
                break
    except HttpError:
        return "its tags can't be listed with this login, so look at the registry"
    if not tags:
        return f"there is no tag in {where(repository)}: is the name right, and may this login see it?"
    if not by_tag:
        return "was it deleted there, or never pushed? The repository itself exists"
    near = get_close_matches(reference, tags, n=_SHOWN, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else f"`ci-toolkit tags {where(repository)}` shows what is there"
