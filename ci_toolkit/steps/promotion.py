"""What a promotion is about: which digest of an image, from where, and under which tags.

A tag is only looked at where nothing else tells the digest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.errors import IntegrityError, RemoteError, UsageError
from ci_toolkit.model.oci import parse_document
from ci_toolkit.model.reference import Repository
from ci_toolkit.model.tags import NO_FLAVOR, Flavor, Tags, plan_tags
from ci_toolkit.steps.image_version import image_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.config.options import EnvironmentOptions, ImageOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.tags import TagRule
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.registry.copy import ImageCopy
    from ci_toolkit.state import State

BUILD = "build"
_OCI = "org.opencontainers.image."


class Registries(Protocol):
    """Registries to look into and to copy between; `ci_toolkit.registry.destinations.Destinations` is the one."""

    def repository(self, repository: Repository, *, write: bool = False) -> RepositoryClient:
        """The client of a repository."""

    def copier(self, source: Repository, destination: Repository) -> ImageCopy:
        """What copies images from one to the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """`build` or an environment as one image sees it: where it is there, and under which tags."""

    name: str
    repositories: tuple[Repository, ...]
    rules: tuple[TagRule, ...]
    immutable: tuple[str, ...]
    flavor: Flavor = NO_FLAVOR


def place(name: str, image: ImageOptions, environments: Mapping[str, EnvironmentOptions]) -> Place:
    """The place of this name; raises UsageError for one that isn't in the config."""
    own = tuple(r for r in image.repositories if isinstance(r, Repository))
    if name == BUILD:
        immutable = image.immutable_tags
        return Place(name=name, repositories=own, rules=image.tags, immutable=immutable, flavor=image.flavor)
    if name not in environments:
        message = f"there is no environment {name!r} in the config"
        raise UsageError(message, hint=f"there is {', '.join((BUILD, *environments))}")
    environment = environments[name]
    return Place(
        name=name,
        repositories=environment.repositories.get(image.name, own),
        rules=environment.tags,
        immutable=(*environment.immutable_tags, *image.immutable_tags),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Finder:
    """Finds an image's digest and where it can be had from."""

    registries: Registries
    context: CiContext
    now: datetime

    def digest(self, image: ImageOptions, origin: Place, state: State) -> Digest:
        """What is at the origin: by the state where it tells, else by the origin's tags.

        Raises UsageError for an image that was built and not pushed, IntegrityError where the origin's repositories
        disagree, RemoteError where none has it.
        """
        if origin.name == BUILD and (built := state.image(image.name)).digest:
            pushed = {p.repository for p in built.pushed if p.digest == built.digest}
            if not pushed & {str(repository) for repository in origin.repositories}:
                message = f"{image.name} was built as {built.digest.short} and not pushed"
                raise UsageError(message, hint="run `ci-toolkit push` first, or hand the push job's state on")
            return built.digest
        ours = (origin.name, image.name)
        promoted = {p.digest for p in state.promotions if (p.environment, p.image) == ours}
        return promoted.pop() if len(promoted) == 1 else self._by_tag(image, origin)

    def source(self, name: str, origin: Place, destination: Repository, digest: Digest) -> Repository:
        """The repository to take the digest from: the destination itself, one of its registry, or any other.

        Raises RemoteError where none has it.
        """
        candidates = sorted(origin.repositories, key=lambda r: (r != destination, r.registry != destination.registry))
        if len(candidates) == 1:
            return candidates[0]
        for repository in dict.fromkeys((*candidates, destination)):
            if self.registries.repository(repository).resolve(str(digest)):
                return repository
        message = f"{name}: {digest} is in none of {_listed(candidates)}"
        raise RemoteError(message, hint="was it deleted? Push it again, or promote another digest")

    def tags(self, image: ImageOptions, target: Place, digest: Digest, source: Repository, state: State) -> Tags:
        """The target's tags for this digest: of the revision it was built from, which may be another than ours."""
        context, version = self.context, image_version(image, self.context)
        if state.image(image.name).digest != digest:
            content = self.registries.repository(source).content(str(digest))
            annotations = parse_document(content.data).annotations if content else {}
            if annotations.get(f"{_OCI}revision") != context.revision or context.revision is None:
                context, version = _of_image(context, annotations), annotations.get(f"{_OCI}version")
        return plan_tags(target.rules, context, version, self.now, immutable=target.immutable)

    def _by_tag(self, image: ImageOptions, origin: Place) -> Digest:
        version = image_version(image, self.context)
        tags = plan_tags(origin.rules, self.context, version, self.now, flavor=origin.flavor).tags
        for tag in tags:
            found = {r: self.registries.repository(r).resolve(tag) for r in origin.repositories}
            digests = {repository: head.digest for repository, head in found.items() if head}
            if len(set(digests.values())) > 1:
                told = ", ".join(f"{repository}:{tag} is {digest}" for repository, digest in digests.items())
                message = f"{image.name}: {origin.name} has two digests: {told}"
                raise IntegrityError(message, hint="finish the earlier push or promotion, or say which by --digest")
            if digests:
                return next(iter(digests.values()))
        message = f"{image.name} is not in {origin.name}: none of {_listed(tags)} is in {_listed(origin.repositories)}"
        raise RemoteError(message, hint="was it ever pushed there? Hand the state on, or say which by --digest")


def _of_image(context: CiContext, annotations: Mapping[str, str]) -> CiContext:
    """The context of the revision that an image says it was built from; unknown things stay unknown."""
    try:
        created = datetime.fromisoformat(annotations.get(f"{_OCI}created", ""))
    except ValueError:
        created = None
    committed = created if created and created.tzinfo else None
    revision = annotations.get(f"{_OCI}revision")
    known = replace(context, revision=revision, committed_at=committed)
    return replace(known, branch=None, base_branch=None, tag=None, pull_request=None)


def _listed(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items)
