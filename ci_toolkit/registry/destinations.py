"""Every place an image can be pushed to, behind one door: registries, each opened once, and directories."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ci_toolkit.model.reference import LayoutRepository, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from typing import TypeVar

    from ci_toolkit.deadlines import Limits
    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.model.plan import Action
    from ci_toolkit.model.reference import Destination
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.registry.copy import ImageCopy
    from ci_toolkit.registry.credentials import Keychain
    from ci_toolkit.registry.host import RegistryHost
    from ci_toolkit.registry.outcome import Outcome
    from ci_toolkit.registry.previous import PreviousImage
    from ci_toolkit.registry.push import Holdings
    from ci_toolkit.retries import Patience
    from ci_toolkit.transport import Transport

    T = TypeVar("T")


class Destinations:
    """Opens what is pushed to; threads may share it.

    Nothing is connected, and no HTTP library loaded, before the first registry is used.
    """

    def __init__(
        self,
        *,
        env: Mapping[str, str],
        root: Path,
        keychain: Keychain,
        insecure: Collection[str],
        redact: Redactor,
        progress: Progress,
        limits: Limits | None = None,
        patience: Patience | None = None,
        create: Callable[[str, str], bool] | None = None,
    ) -> None:
        """`root`: what `oci:DIR` is relative to. `insecure`: hosts that may be spoken to by plain HTTP.

        `create`: makes the repository of a host and path that isn't there; False where it mustn't or needn't be made.
        """
        self._env, self._root, self._keychain = env, root, keychain
        self._insecure, self._redact, self._progress = insecure, redact, progress
        self._limits, self._patience, self._create = limits, patience, create
        self._transport: Transport | None = None
        self._hosts: dict[str, RegistryHost] = {}
        self._holdings: Holdings | None = None
        self._lock = threading.Lock()

    def plan(self, image: str, digest: str, tags: Sequence[str], destination: Destination) -> Sequence[Action]:
        """What `push` would do, in order; nothing is connected. `digest` may be a placeholder."""
        from ci_toolkit.registry.plan import disk_push, registry_push

        if isinstance(destination, LayoutRepository):
            return disk_push(image, digest, tags, self._directory(destination))
        return registry_push(image, digest, tags, destination, plain=self.is_plain(destination))

    def plan_find(self, step: str, image: str, tag: str, destination: Destination, *, when: str) -> Sequence[Action]:
        """What `find_previous` would do; a look into a directory is nothing to tell."""
        from ci_toolkit.registry.plan import registry_lookup

        if isinstance(destination, LayoutRepository):
            return []
        return [registry_lookup(step, image, tag, destination, plain=self.is_plain(destination), when=when)]

    def push(
        self,
        destination: Destination,
        layout: Layout,
        root: Descriptor,
        tags: Sequence[str],
        immutable: Collection[str] = (),
    ) -> Outcome:
        """Bring an image there and point the tags at it, tags last and in their order.

        Raises IntegrityError, for one of the `immutable` tags with another digest before anything is sent; HttpError,
        ToolError.
        """
        if isinstance(destination, LayoutRepository):
            from ci_toolkit.registry.on_disk import push_to_disk

            return push_to_disk(self._directory(destination), layout, root, tags, immutable, progress=self._progress)
        from ci_toolkit.registry.push import ImagePush

        push = ImagePush(
            repository=self.repository(destination, write=True),
            layout=layout,
            root=root,
            holdings=self._shared_holdings(),
            progress=self._progress,
        )
        return self.creating(destination, lambda: push.run(tags, immutable))

    def creating(self, repository: Repository, write: Callable[[], T]) -> T:
        """The result of `write`, done once more after the repository it didn't find was created, where we may."""
        from ci_toolkit.answers import HttpError

        try:
            return write()
        except HttpError as error:
            missing = error.status == 404 and error.code == "NAME_UNKNOWN"
            if not (missing and self._create and self._create(repository.registry, repository.path)):
                raise
        self._progress.info(f"{repository} didn't exist: created")
        return write()

    def ensure(self, repository: Repository) -> None:
        """Create a repository that somebody else is going to push to, where we may and it isn't there."""
        if self._create:
            self._create(repository.registry, repository.path)

    def manifest_url(self, repository: Repository, reference: str) -> str:
        """Where a manifest of a repository is asked for."""
        from ci_toolkit.registry.plan import manifest_url

        return manifest_url(repository, reference, plain=self.is_plain(repository))

    def find_previous(self, destination: Destination, tag: str) -> PreviousImage | None:
        """What the destination holds under a tag; None where there is nothing. Raises as `push` does."""
        if isinstance(destination, LayoutRepository):
            from ci_toolkit.registry.on_disk import previous_on_disk

            return previous_on_disk(self._directory(destination), tag)
        from ci_toolkit.registry.previous import previous_on_registry

        return previous_on_registry(self.repository(destination), tag)

    def repository(self, repository: Repository, *, write: bool = False) -> RepositoryClient:
        """The client of a repository on a registry."""
        from ci_toolkit.registry.client import RepositoryClient

        return RepositoryClient(self._host(repository), repository.path, write=write)

    def copier(self, source: Repository, destination: Repository) -> ImageCopy:
        """Copies from one repository to another, on any two registries; where both are one it only gives tags.

        On one host every request asks for the right to read the one and write the other, so that one token serves
        all and blobs can be mounted.
        """
        from ci_toolkit.registry import auth
        from ci_toolkit.registry.client import RepositoryClient
        from ci_toolkit.registry.copy import ImageCopy

        scopes = {auth.push(destination.path)}
        one_host = source.registry == destination.registry
        if one_host and source != destination:
            scopes.add(auth.pull(source.path))
        both = frozenset(scopes)
        return ImageCopy(
            source=RepositoryClient(self._host(source), source.path, scopes=both if one_host else None),
            destination=RepositoryClient(self._host(destination), destination.path, scopes=both),
            holdings=self._shared_holdings(),
            progress=self._progress,
            creating=lambda write: self.creating(destination, write),
        )

    def tell_budgets(self) -> None:
        """Say, for whoever wants details, what is left of each registry's rate limit."""
        for host in self._hosts.values():
            if told := host.told_budget():
                self._progress.debug(told)

    def close(self) -> None:
        """Close every connection."""
        if self._transport:
            self._transport.close()

    def _shared_holdings(self) -> Holdings:
        from ci_toolkit.registry.push import Holdings

        with self._lock:
            self._holdings = self._holdings or Holdings()
            return self._holdings

    def _host(self, repository: Repository) -> RegistryHost:
        with self._lock:
            return self._opened(repository)

    def _opened(self, repository: Repository) -> RegistryHost:
        name = repository.registry
        if name not in self._hosts:
            from ci_toolkit.registry.auth import Authorizer
            from ci_toolkit.registry.host import RegistryHost
            from ci_toolkit.retries import Retries
            from ci_toolkit.transport import Transport

            if self._transport is None:
                self._transport = Transport(env=self._env, limits=self._limits)
            retries = Retries(self._patience, self._progress)
            self._hosts[name] = RegistryHost(
                name,
                transport=self._transport,
                retries=retries,
                authorizer=Authorizer(name, self._keychain, self._transport, retries, self._redact),
                plain=self.is_plain(repository),
                progress=self._progress,
            )
        return self._hosts[name]

    def is_plain(self, repository: Repository) -> bool:
        """Whether plain HTTP may be spoken with its registry."""
        return repository.is_loopback or repository.registry in self._insecure

    def _directory(self, destination: LayoutRepository) -> Path:
        return self._root / destination.directory
