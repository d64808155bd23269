"""One image on its way into one repository: what would be written, told and checked before anything is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError
from ci_toolkit.manifests.pinning import Target
from ci_toolkit.model.oci import Index, parse_document
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.manifests.pinning import Style
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.reference import Repository
    from ci_toolkit.registry.copy import ImageCopy
    from ci_toolkit.registry.copy_plan import CopyPlan
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.pin import TargetOf


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One image on its way into one repository: everything that would be written is known."""

    image: str
    source: Repository
    destination: Repository
    digest: Digest
    tags: tuple[str, ...]
    gate: Literal["on", "off", "overridden"]
    copy: ImageCopy
    plan: CopyPlan

    @property
    def label(self) -> str:
        """What it is called where something is told of it."""
        return f"{self.image} → {self.destination}"


def actions(job: Job, origin: str) -> list[Action]:
    """What a job comes to, for a plan."""
    where = f"{job.destination} has it" if job.plan.is_there else _told(job.plan)
    lines = [f"{job.image}: {job.digest} from {origin} ({job.source}), gate {job.gate}; {where}"]
    for tag in job.tags:
        move = next((move for move in job.plan.moves if move.tag == tag), None)
        was = f"from {move.before}" if move and move.before else "new"
        lines.append(f"{job.destination}:{tag} " + (f"→ {job.digest} ({was})" if move else "is right already"))
    return [Action(step="promote", kind="decide", image=job.image, summary=line) for line in lines]


def targets(jobs: Sequence[Job]) -> TargetOf:
    """What is pinned: each image's digest and its first tag, in every repository that it was promoted to."""

    def target(options: ImageOptions, _image: ImageState, style: Style) -> Target:
        own = [job for job in jobs if job.image == options.name]
        return Target(
            name=options.name,
            repositories=frozenset(job.destination for job in own),
            digest=str(own[0].digest),
            tag=own[0].tags[0],
            style=style,
            platforms=_platforms(own[0].plan),
        )

    return target


def _platforms(plan: CopyPlan) -> dict[str, str]:
    """Platforms by the digests that are the image's for one platform alone."""
    document = parse_document(plan.root.data, plan.root.descriptor.media_type)
    children = document.platforms if isinstance(document, Index) else {}
    return {str(digest): platform for platform, digest in children.items()}


def _told(plan: CopyPlan) -> str:
    size = sum(blob.size for blob in plan.blobs) / 1e6
    how = "mounts" if plan.mounts else "copies"
    return (
        f"{how} {len(plan.blobs)} blobs ({size:.1f} MB), writes {len(plan.missing)} manifests "
        f"and {len(plan.attaching)} of {len(plan.artifacts)} artifacts"
    )


def refuse_two_digests(jobs: Sequence[Job]) -> None:
    """Raise IntegrityError where two images would be one tag of one repository."""
    owners: dict[tuple[Repository, str], Job] = {}
    for job in jobs:
        for tag in job.tags:
            first = owners.setdefault((job.destination, tag), job)
            if first.digest != job.digest:
                both = f"{first.image} ({first.digest}) and {job.image} ({job.digest})"
                message = f"{job.destination}:{tag} can't be both {both}"
                raise IntegrityError(message, hint="give the images repositories or tags of their own")
