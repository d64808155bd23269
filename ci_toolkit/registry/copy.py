"""From registry to registry: the whole image, what is attached to it, tags last; nothing goes over this disk."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.errors import RemoteError
from ci_toolkit.model.attached import merged_list, read_referrers, referrers_tag
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX, Descriptor
from ci_toolkit.registry.client import Content
from ci_toolkit.registry.copy_planner import CopyPlanner
from ci_toolkit.registry.crew import WORKERS, each
from ci_toolkit.registry.outcome import Outcome
from ci_toolkit.registry.pointing import TagMove, look, point, require, where
from ci_toolkit.registry.remote_blob import RemoteBlob
from ci_toolkit.registry.upload import bring_blob

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ci_toolkit.model.attached import Artifact
    from ci_toolkit.progress import Progress
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.registry.copy_plan import Attachment, CopyPlan
    from ci_toolkit.registry.graph import Node
    from ci_toolkit.registry.push import Holdings
    from ci_toolkit.registry.upload import How

    Creating = Callable[[Callable[[], Outcome]], Outcome]

_TRIES = 5


class ImageCopy:
    """Copies from one repository to another, or gives tags where both are one. Plan first, then run that plan.

    On one host both clients should ask for the same scopes, so that one token reads, writes and mounts.
    """

    def __init__(
        self,
        *,
        source: RepositoryClient,
        destination: RepositoryClient,
        holdings: Holdings,
        progress: Progress,
        creating: Creating | None = None,
    ) -> None:
        """`creating` runs a copy, and once more after it created the repository that wasn't there."""
        self._source, self._destination = source, destination
        self._holdings, self._progress = holdings, progress
        self._creating = creating
        self._mounts = source.host.name == destination.host.name

    def plan(
        self, reference: str, tags: Sequence[str], *, immutable: Collection[str] = (), artifacts: bool = True
    ) -> CopyPlan:
        """What a copy of this tag or digest comes to, and which tags it would move from where. Reads only.

        Raises RemoteError if the source isn't there, IntegrityError if one of the `immutable` tags has another digest
        at the destination or the source's bytes aren't what they claim, HttpError.
        """
        planner = CopyPlanner(self._source, self._destination)
        return planner.plan(reference, tags, frozenset(immutable), artifacts=artifacts)

    def run(self, plan: CopyPlan) -> Outcome:
        """Blobs, children by digest, the index, what is attached, and the tags last; each looked at afterwards.

        Whatever breaks it off, no tag points at half an image, and the next run goes on from there. Raises
        IntegrityError where a digest isn't the same at the destination, HttpError after its retries.
        """
        outcome, moved = self.bring(plan), self.point(plan)
        return replace(outcome, moved=moved, unchanged=tuple(tag for tag in plan.tags if tag not in moved))

    def bring(self, plan: CopyPlan) -> Outcome:
        """`run` without its tags."""
        for warning in plan.warnings:
            self._progress.warn(warning)
        return self._creating(lambda: self._run(plan)) if self._creating else self._run(plan)

    def _run(self, plan: CopyPlan) -> Outcome:
        outcome = self._blobs(plan.blobs) if plan.blobs else Outcome()
        # Where nothing is attached to it, the root comes with its first tag, which is looked at afterwards.
        comes_with_tag = bool(plan.moves) and not plan.attaching
        self._put(plan.missing[:-1] if comes_with_tag else plan.missing)
        if plan.missing and not comes_with_tag:
            require(self._destination, str(plan.root.descriptor.digest), plan.root.descriptor.digest)
        self._attach(plan.attaching)
        return outcome

    def point(self, plan: CopyPlan) -> tuple[str, ...]:
        """The tags of a plan whose content is there; returns those that were moved. Raises as `run` does."""
        # Copying takes its time, and another job may have given these meanwhile.
        fixed = [move.tag for move in plan.moves if move.tag in plan.immutable]
        look(self._destination, plan.root.descriptor.digest, fixed, plan.immutable)
        return point(self._destination, plan.root, plan.moves)

    def _blobs(self, blobs: Sequence[Descriptor]) -> Outcome:
        title = f"copy to {where(self._destination)}"
        with self._progress.task(title, sum(blob.size for blob in blobs)) as task:

            def bring(descriptor: Descriptor) -> How:
                blob = RemoteBlob(self._source, descriptor, task.advance)
                # The source has it, so the mount is tried at once; it succeeds where the destination has it, too.
                origin = self._source.path if self._mounts else self._holdings.source(self._destination, descriptor)
                how = bring_blob(self._destination, blob, mount_from=origin, look_first=not self._mounts)
                if how != "uploaded":
                    task.advance(descriptor.size)
                return how

            ways = each(bring, blobs, workers=WORKERS)
        self._holdings.add(self._destination, blobs)
        count = Counter(ways)
        sent = sum(blob.size for blob, way in zip(blobs, ways, strict=True) if way == "uploaded")
        return Outcome(uploaded=count["uploaded"], mounted=count["mounted"], present=count["present"], bytes=sent)

    def _put(self, nodes: Sequence[Node]) -> None:
        leaves = [node.content for node in nodes if not node.links.manifests]
        each(self._destination.put_manifest, leaves, workers=WORKERS)
        for node in nodes:
            if node.links.manifests:
                self._destination.put_manifest(node.content)

    def _attach(self, attachments: Sequence[Attachment]) -> None:
        unlisted: dict[Digest, list[Artifact]] = {}
        for attachment in attachments:
            *below, own = attachment.nodes
            self._put(below)
            artifact = attachment.artifact
            if artifact.tag:
                point(self._destination, own.content, [TagMove(artifact.tag, None)])
                continue
            noted = self._destination.put_manifest(own.content)
            if not noted and not (self._destination.host.lists_referrers and own.links.subject):
                unlisted.setdefault(artifact.subject, []).append(artifact)
        for subject, added in unlisted.items():
            self._list(subject, added)

    def _list(self, subject: Digest, added: Sequence[Artifact]) -> None:
        """Add to the list under the fallback tag. Nobody can lock it: whoever was overtaken does it again."""
        tag, wanted = referrers_tag(subject), {artifact.descriptor.digest for artifact in added}
        for _ in range(_TRIES):
            known = self._destination.content(tag)
            if known and wanted <= {a.descriptor.digest for a in read_referrers(known.data, subject)}:
                return
            data = merged_list(known.data if known else None, added)
            self._destination.put_tag(Content(Descriptor(OCI_INDEX, Digest.of(data), len(data)), data), tag)
        message = (
            f"{where(self._destination)}:{tag}, the list of what refers to {subject}, is written by others as well"
        )
        raise RemoteError(message, hint="run it again when they are done")
