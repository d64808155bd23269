"""The repository in which images wait for the gate: they come by digest, without a tag, and are gone afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.answers import HttpError
from ci_toolkit.builders.layouts import BuiltImage, is_again
from ci_toolkit.errors import IntegrityError, RemoteError, ToolkitError
from ci_toolkit.model.oci import Descriptor, Index, Manifest, parse_document, refuse_doubtful
from ci_toolkit.model.plan import Action
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.crew import WORKERS, each
from ci_toolkit.registry.graph import node_of, read_graph
from ci_toolkit.registry.inspection import platforms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.reference import Destination
    from ci_toolkit.progress import Progress
    from ci_toolkit.registry.client import Content, RepositoryClient
    from ci_toolkit.registry.copy import ImageCopy
    from ci_toolkit.registry.outcome import Outcome
    from ci_toolkit.state import ImageState

_BUILD_AGAIN = "run `ci-toolkit build` again: another run may have removed it, or the registry's clean-up"
_RETENTION = "set up a retention there that removes untagged images after some days"


class Registries(Protocol):
    """Registries to write to and copy between; `ci_toolkit.registry.destinations.Destinations` is the one."""

    def repository(self, repository: Repository, *, write: bool = False) -> RepositoryClient:
        """The client of a repository."""

    def copier(self, source: Repository, destination: Repository) -> ImageCopy:
        """What copies images from one to the other."""

    def push(self, destination: Destination, layout: Layout, root: Descriptor, tags: Sequence[str]) -> Outcome:
        """Bring a layout's image there."""

    def ensure(self, repository: Repository) -> None:
        """Create the repository where the config wants that."""

    def manifest_url(self, repository: Repository, reference: str) -> str:
        """Where a manifest is asked for."""

    def is_plain(self, repository: Repository) -> bool:
        """Whether plain HTTP may be spoken with its registry."""


@dataclass(frozen=True, slots=True)
class Held:
    """An image in quarantine, its manifests read and verified."""

    content: Content
    built: BuiltImage
    images: frozenset[Digest]
    """The manifests of all platforms."""
    children: Sequence[Descriptor]
    """What its indexes list."""


class Quarantine:
    """The quarantine repository of a run."""

    def __init__(self, repository: Repository, registries: Registries, progress: Progress) -> None:
        self.repository = repository
        self._registries = registries
        self._progress = progress

    @property
    def is_plain(self) -> bool:
        """Whether tools have to be told that plain HTTP is spoken with it; of this machine they know."""
        return self._registries.is_plain(self.repository) and not self.repository.is_loopback

    def prepare(self) -> None:
        """Create the repository, where the config wants that and the registry needs it."""
        self._registries.ensure(self.repository)

    def take_in(self, layout: Layout, root: Descriptor) -> None:
        """Bring an image here that a builder left as a layout."""
        self._registries.push(self.repository, layout, root, ())

    def look(self, name: str, digest: Digest) -> Held:
        """What an image here is; raises IntegrityError where it isn't here, or not whole, HttpError."""
        client = self._registries.repository(self.repository)
        content = client.content(str(digest))
        if content is None:
            message = f"{name}: {self.repository}@{digest} is no longer in quarantine"
            raise IntegrityError(message, hint=_BUILD_AGAIN)
        with _missing_is_wrong():
            graph = read_graph(client, node_of(content))
        nodes = {n.digest: n.content for n in graph.nodes}
        document = parse_document(content.data, content.descriptor.media_type)
        root = content.descriptor
        if isinstance(document, Index):
            built = BuiltImage(root, document.platforms, document.attestations)
            images = frozenset(c.descriptor.digest for c in nodes.values() if c.descriptor.is_image)
        else:
            built = BuiltImage(root, {name_: d.digest for name_, d in platforms_of(client, root).items()})
            images = frozenset((root.digest,))
        if not built.platforms:
            message = f"{self.repository}@{digest} holds no image that could run anywhere"
            raise IntegrityError(message, hint="is it another artifact? An image that was built here is built again")
        children = [child for node in graph.nodes for child in node.links.manifests]
        return Held(content, built, images, children)

    def copy_out(self, manifest: Digest, into: Layout, progress: Callable[[int], None]) -> Descriptor:
        """Copy one platform's image into a layout, every blob hashed; returns its manifest's descriptor.

        `progress` hears of bytes. Raises IntegrityError where it is no longer here, or not whole, HttpError.
        """
        client = self._registries.repository(self.repository)
        content = client.content(str(manifest))
        document = parse_document(content.data, content.descriptor.media_type) if content else None
        if content is None or not isinstance(document, Manifest):
            message = f"{self.repository}@{manifest} is no longer in quarantine"
            raise IntegrityError(message, hint=_BUILD_AGAIN)
        into.create()
        into.add(content.data)

        def fetch(blob: Descriptor) -> None:
            client.fetch_blob(blob, into)
            progress(blob.size)

        with _missing_is_wrong():
            each(fetch, document.blobs, workers=WORKERS)
        return content.descriptor

    def check(self, name: str, image: ImageState, digest: Digest) -> None:
        """Raise IntegrityError unless an image that a state says is here is, and holds exactly its platforms."""
        held = self.look(name, digest)
        refuse_doubtful(held.children, f"{self.repository}@{digest}")
        if held.images != set(image.platforms.values()):
            message = f"{self.repository}@{digest} holds other platforms than the state lists"
            raise IntegrityError(message, hint="run `ci-toolkit build` again")

    def require(self, name: str, image: ImageState) -> None:
        """Refuse (IntegrityError) a state that says the image waits elsewhere."""
        if image.quarantine != str(self.repository):
            message = f"the state says that {name} waits in {image.quarantine}, the config {self.repository}"
            raise IntegrityError(message, hint="build with the same `quarantine` in every job")

    def made_again(self, held: Held, known: ImageState, first: tuple[Destination, str] | None) -> BuiltImage | None:
        """The image of before, brought here in the place of `held`, if every platform is as it was; else None.

        It is looked for where the state says it is, then as `first`: a repository and a tag. Raises as a copy does.
        """
        for repository, reference in self._earlier(known, first):
            content = self._registries.repository(repository).content(reference)
            if content is None or content.descriptor.digest == held.built.root.digest:
                continue
            document = parse_document(content.data, content.descriptor.media_type)
            if not is_again(document, held.built):
                continue
            digest = content.descriptor.digest
            if repository != self.repository:
                self.bring(digest, self.repository, (), source=repository)
            again = BuiltImage(content.descriptor, document.platforms, document.attestations)
            kept = {attestation.digest for attestation in again.attestations}
            replaced = (held.built.root, *held.built.attestations)
            self._remove([d.digest for d in replaced if d.digest not in kept])
            return again
        return None

    def bring(
        self,
        digest: Digest,
        to: Destination,
        tags: Sequence[str],
        immutable: Collection[str] = (),
        *,
        source: Repository | None = None,
    ) -> Outcome:
        """Copy an image from here to a repository, tags last; what is there already needn't be here any more.

        Raises IntegrityError for an image that is in neither, and as `ImageCopy.run` does.
        """
        if not isinstance(to, Repository):
            message = f"{to} is no registry, and what is in quarantine is copied to registries alone"
            raise IntegrityError(message, hint="set `handoff: artifact` and build again")
        copy = self._registries.copier(source or self.repository, to)
        with _missing_is_wrong():
            return copy.run(copy.plan(str(digest), tags, immutable=immutable, artifacts=False))

    def discard(self, name: str, image: ImageState, why: str) -> None:
        """Delete an image here, index before children. Where the registry refuses, a warning says what helps."""
        if image.digest is None or image.quarantine != str(self.repository):
            return
        try:
            self._remove(dict.fromkeys([image.digest, *image.platforms.values(), *image.attestations]))
        except ToolkitError as error:
            self._progress.warn(
                f"{name}: {self.repository}@{image.digest.short} can't be deleted ({error.message}): {_RETENTION}"
            )
            return
        self._progress.info(f"{name}: {image.digest.short} is removed from {self.repository}, because {why}")

    def plan_discard(self, step: str, name: str, digest: str, when: str) -> Action:
        """The first request of `discard`; its children's follow."""
        url = self._registries.manifest_url(self.repository, digest)
        summary = f"remove {digest} and its platforms from {self.repository}"
        return Action(step=step, kind="request", image=name, summary=summary, method="DELETE", url=url, when=when)

    def plan_look(self, step: str, name: str, digest: str) -> Action:
        """The first request of `look`."""
        url = self._registries.manifest_url(self.repository, digest)
        summary = f"read {digest} in {self.repository}, and verify it"
        return Action(step=step, kind="request", image=name, summary=summary, method="GET", url=url)

    def _earlier(self, known: ImageState, first: tuple[Destination, str] | None) -> Iterator[tuple[Repository, str]]:
        if known.digest:
            if known.quarantine == str(self.repository):
                yield self.repository, str(known.digest)
            pushed = [p.repository for p in known.pushed if p.digest == known.digest]
            for text in pushed:
                if not text.startswith("oci:"):
                    yield Repository.parse(text), str(known.digest)
        if first and isinstance(first[0], Repository):
            yield first[0], first[1]

    def _remove(self, digests: Iterable[Digest]) -> None:
        client = self._registries.repository(self.repository, write=True)
        for digest in digests:
            client.delete_manifest(digest)


@contextmanager
def _missing_is_wrong() -> Iterator[None]:
    """What was there when it was built and isn't any more disagrees with the state: no failure of the registry's."""
    try:
        yield
    except HttpError:
        raise
    except RemoteError as error:
        raise IntegrityError(error.message, hint=_BUILD_AGAIN) from error
