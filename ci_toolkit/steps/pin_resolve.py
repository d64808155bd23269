"""The digests of tags, as their registries know them: each tag asked for once, all failures told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError, IntegrityError, RemoteError, ToolkitError
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.reference import Reference
    from ci_toolkit.registry.answers import Answers
    from ci_toolkit.registry.client import RepositoryClient

_SHOWN = 20
_NOTHING = "nothing was written"


class NoSuchTagError(ConfigError):
    """The registry answers, and has no such tag."""


def asked_for(reference: Reference) -> Reference:
    """What a registry is asked for where this reference stands: without a tag it means `latest`."""
    return reference.repository.tagged(reference.tag or "latest")


def digests_of(
    places: Mapping[Reference, Sequence[str]],
    client: Callable[[Reference], RepositoryClient],
    answers: Answers | None,
) -> dict[Reference, Digest]:
    """The digest of each tag: an index's, where the tag is one. `places`: where it stands, for messages.

    Raises ConfigError where all that fails is that tags don't exist, else the worst of the errors, which tells all:
    IntegrityError before RemoteError.
    """
    from ci_toolkit.registry.crew import WORKERS, each

    known = answers.known() if answers else {}
    found = {reference: known[str(reference)] for reference in places if str(reference) in known}
    unknown = [reference for reference in places if reference not in found]

    def ask(reference: Reference) -> Digest | ToolkitError:
        try:
            return _asked(client(reference), reference)
        except ToolkitError as error:
            return error

    failed: dict[Reference, ToolkitError] = {}
    fresh: dict[Reference, Digest] = {}
    for reference, answer in zip(unknown, each(ask, unknown, workers=WORKERS), strict=True):
        if isinstance(answer, ToolkitError):
            failed[reference] = answer
        else:
            fresh[reference] = answer
    if answers and fresh:
        answers.keep(fresh)
    if failed:
        raise _failure(failed, places)
    return found | fresh


def require_digest(reference: Reference, found: Digest) -> None:
    """Raise IntegrityError unless a tag has the digest that it is named with."""
    if reference.digest != found:
        message = f"{reference.repository}:{reference.tag} is {found}, and not {reference.digest}; {_NOTHING}"
        raise IntegrityError(message, hint="the tag moved, or the digest is another image's: name what you mean")


def _asked(repository: RepositoryClient, reference: Reference) -> Digest:
    from ci_toolkit.registry.missing import lost

    found = repository.resolve(str(reference.tag))
    if found is None:
        error = lost(repository, str(reference.tag))
        raise NoSuchTagError(error.message, hint=error.hint)
    return found.digest


def _failure(failed: Mapping[Reference, ToolkitError], places: Mapping[Reference, Sequence[str]]) -> ToolkitError:
    lines = [
        neutralise(f"{place}: {error.message}" + (f" ({error.hint})" if error.hint else ""))
        for reference, error in failed.items()
        for place in places[reference][:1]
    ]
    more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    lines = [*lines[:_SHOWN], *more]
    what = "1 tag has" if len(failed) == 1 else f"{len(failed)} tags have"
    message = f"{what} no digest to pin; {_NOTHING}"
    if all(isinstance(error, NoSuchTagError) for error in failed.values()):
        return ConfigError(message, hint="mend the tags", violations=lines)
    kind = IntegrityError if any(isinstance(error, IntegrityError) for error in failed.values()) else RemoteError
    return kind("\n  ".join((f"{message}:", *lines)), hint="mend that and run it again: what was answered is kept")
