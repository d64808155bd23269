"""Which registries and repositories a config speaks of, and what a run wants there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError
from ci_toolkit.model.access import Wanted
from ci_toolkit.model.reference import Reference, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_toolkit.config.options import Config, ImageOptions


def targets(config: Config, images: Mapping[str, ImageOptions], registry: str | None = None) -> Sequence[Wanted]:
    """What is wanted for these images, each repository once; then the hosts that only `registries` names.

    `registry`: this host alone; raises UsageError where the config doesn't know it.
    """
    found: dict[str, Wanted] = {}
    for each in _all(config, images):
        found[each.name] = _both(found[each.name], each) if each.name in found else each
    hosts = {each.host for each in found.values()}
    found |= {host: Wanted(host=host, used_by=("registries",)) for host in config.registries if host not in hosts}
    if registry is None:
        return tuple(found.values())
    host = _host(registry)
    chosen = tuple(each for each in found.values() if each.host == host)
    if not chosen:
        known = ", ".join(dict.fromkeys(each.host for each in found.values()))
        message = f"{registry} is none of the config's registries"
        raise UsageError(message, hint=f"they are {known}" if known else "the config names none")
    return chosen


def _host(text: str) -> str:
    """A host as the config's repositories name it, whatever its spelling."""
    parsed = Repository.parse(f"{text}/any/name")
    return parsed.registry if parsed.path == "any/name" else text


def _all(config: Config, images: Mapping[str, ImageOptions]) -> Iterator[Wanted]:
    for name, image in images.items():
        for repository in image.repositories:
            if isinstance(repository, Repository):
                yield _wanted(config, repository, name, image.immutable_tags)
        if image.cache.ref:
            writes, place = image.cache.type == "registry", Reference.parse(image.cache.ref).repository
            yield _wanted(config, place, f"cache of {name}", (), write=writes)
    if config.quarantine:
        yield _wanted(config, config.quarantine, "quarantine", ())
    for environment in config.environments.values():
        for name, image in images.items():
            if name in environment.images or not environment.images:
                for repository in environment.repositories.get(name, image.repositories):
                    if isinstance(repository, Repository):
                        immutable = (*environment.immutable_tags, *image.immutable_tags)
                        yield _wanted(config, repository, environment.name, immutable)


def _wanted(
    config: Config, repository: Repository, user: str, immutable: tuple[str, ...], *, write: bool = True
) -> Wanted:
    options = config.registries.get(repository.registry)
    return Wanted(
        host=repository.registry,
        repository=repository,
        write=write,
        create=bool(options and options.create),
        immutable=immutable,
        used_by=(user,),
    )


def _both(one: Wanted, other: Wanted) -> Wanted:
    return replace(
        one,
        write=one.write or other.write,
        immutable=tuple(dict.fromkeys((*one.immutable, *other.immutable))),
        used_by=tuple(dict.fromkeys((*one.used_by, *other.used_by))),
    )
