"""Pointing tags at a manifest that is there already: looked at before, written in order, looked at afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import IntegrityError
from ci_toolkit.registry.crew import WORKERS, each
from ci_toolkit.registry.faults import keeps_tag

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.registry.client import Content, RepositoryClient

_HINT = "an immutable tag stays with its first image: give this one another tag, or delete the old on purpose"


@dataclass(frozen=True, slots=True)
class TagMove:
    """A tag that has to be written. `before`: the digest it has now; None where there is no such tag."""

    tag: str
    before: Digest | None


def look(
    repository: RepositoryClient, digest: Digest, tags: Sequence[str], immutable: Collection[str] = ()
) -> tuple[TagMove, ...]:
    """The moves that point all of `tags` at `digest`, in their order; a tag that has it already needs none.

    Raises IntegrityError if one of `immutable` has another digest, naming every such tag with both; HttpError.
    """
    found = each(repository.resolve, tags, workers=WORKERS)
    moves = tuple(
        TagMove(tag, now.digest if now else None)
        for tag, now in zip(tags, found, strict=True)
        if now is None or now.digest != digest
    )
    if kept := [move for move in moves if move.before and move.tag in immutable]:
        told = "; ".join(f"{where(repository)}:{m.tag} is immutable and is {m.before}, not {digest}" for m in kept)
        raise IntegrityError(told, hint=_HINT)
    return moves


def point(repository: RepositoryClient, content: Content, moves: Sequence[TagMove]) -> tuple[str, ...]:
    """Write the tags one after the other, each looked at afterwards; returns the tags that were moved.

    Raises IntegrityError where a tag has another digest after all, or the registry keeps it as immutable with
    another one: the moves after that one aren't made. Raises HttpError.
    """
    return tuple(move.tag for move in moves if _written(repository, content, move.tag))


def require(repository: RepositoryClient, reference: str, digest: Digest) -> None:
    """Look that a tag or digest is what was just written; raises IntegrityError, HttpError."""
    found = repository.resolve(reference)
    if found is None or found.digest != digest:
        now = found.digest if found else "missing"
        message = f"{where(repository)}: {reference} was written as {digest}, and is now {now}"
        raise IntegrityError(message, hint="does another job write the same tag? Otherwise look at the registry")


def where(repository: RepositoryClient) -> str:
    """`HOST/PATH`, as people write it."""
    return f"{repository.host.name}/{repository.path}"


def _written(repository: RepositoryClient, content: Content, tag: str) -> bool:
    """True if the tag was written, False if another job had pointed it there before us."""
    digest = content.descriptor.digest
    try:
        repository.put_tag(content, tag)
    except HttpError as error:
        if not keeps_tag(error):
            raise
        found = repository.resolve(tag)
        if found is None:
            raise
        if found.digest != digest:
            message = (
                f"the registry keeps {where(repository)}:{tag}, as {found.digest} and not {digest}: {error.message}"
            )
            raise IntegrityError(message, hint=_HINT) from error
        return False
    require(repository, tag, digest)
    return True
