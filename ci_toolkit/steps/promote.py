"""The promotion: digests from one place to another, registry to registry, nothing rebuilt and nothing pulled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.errors import ToolkitError, VerdictError
from ci_toolkit.model.promotion import Promotion
from ci_toolkit.registry.crew import WORKERS, each, in_lanes
from ci_toolkit.steps.failures import joined
from ci_toolkit.steps.promotion import Finder, Place, place
from ci_toolkit.steps.promotion_job import Job, actions, refuse_two_digests, targets
from ci_toolkit.steps.verdict import refusal_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Literal

    from ci_toolkit.config.options import EnvironmentOptions, ImageOptions
    from ci_toolkit.model.attestation import ScanAttestation
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.plan import Action
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.model.reference import Repository
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import State
    from ci_toolkit.steps.base import Step
    from ci_toolkit.steps.pin import TargetOf
    from ci_toolkit.steps.promotion import Registries


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What was asked for. `digest` goes with one image; `override` is the reason to pass the gate over."""

    to: str
    origin: str
    digest: Digest | None = None
    attestations: tuple[ScanAttestation, ...] = ()
    override: str | None = None
    by: str | None = None


class PromoteStep:
    """Promotes `images` as `order` says. Everything is looked at and refused before the first byte is written."""

    name: ClassVar[str] = "promote"

    def __init__(
        self,
        *,
        images: Mapping[str, ImageOptions],
        environments: Mapping[str, EnvironmentOptions],
        order: Order,
        registries: Registries,
        context: CiContext,
        policy: GatePolicy,
        policy_hash: str,
        now: datetime,
        progress: Progress,
        save: Callable[[State], None],
        pin: Callable[[TargetOf], Step] | None = None,
        commit: Callable[[TargetOf], Step] | None = None,
    ) -> None:
        """`pin` makes the step that writes what was promoted into the environment's manifests, `commit` the next."""
        self._images = images
        self._environments = environments
        self._order = order
        self._registries = registries
        self._finder = Finder(registries=registries, context=context, now=now)
        self._run_url = context.run_url
        self._gate = not policy.is_off
        self._policy_hash = policy_hash
        self._now = now
        self._progress = progress
        self._save = save
        self._after = [make for make in (pin, commit) if make]

    def plan(self, state: State) -> Sequence[Action]:
        """What is there, what would be copied, and which tag would move from which digest; registries are only read.

        Raises as `run` does before it writes.
        """
        jobs = self._jobs(state)
        after = [action for make in self._after for action in make(targets(jobs)).plan(state)]
        return [*(action for job in jobs for action in actions(job, self._order.origin)), *after]

    def run(self, state: State) -> State:
        """Copy what is missing everywhere, then move the tags; a failing repository stops no other.

        Raises VerdictError for a digest that didn't pass the gate, IntegrityError for two digests in one place or an
        immutable tag, RemoteError for a lost source, ConfigError for pins that find nothing: all before anything is
        written; the failures of single repositories at the end, and then nothing is pinned.
        """
        jobs = self._jobs(state)
        after = [make(targets(jobs)) for make in self._after]
        for step in after:
            step.plan(state)  # what is wrong with the manifests or the branch is to be known before a tag moves
        state = self._promoted(jobs, state)
        for step in after:
            state = step.run(state)
            self._save(state)
        return state

    def _promoted(self, jobs: Sequence[Job], state: State) -> State:
        ready: list[Job] = []
        failures: list[tuple[str, ToolkitError]] = []
        for job, copied in in_lanes(self._copy, _lanes(jobs)):
            if isinstance(copied, ToolkitError):
                failures.append((job.label, copied))
            else:
                ready.append(job)
        try:
            for job, pointed in in_lanes(self._point, _lanes(ready)):
                if isinstance(pointed, ToolkitError):
                    failures.append((job.label, pointed))
                else:
                    state = state.with_promotion(pointed)
        finally:
            self._save(state)
        if failures:
            raise joined(sorted(failures, key=lambda failure: failure[0]))
        return state

    def _jobs(self, state: State) -> list[Job]:
        """Every job, looked at; raises what is to be refused, all of it in one error."""
        images = list(self._images.values())
        results = each(lambda image: self._jobs_of(image, state), images, workers=WORKERS)
        failures = [(name, r) for name, r in zip(self._images, results, strict=True) if isinstance(r, ToolkitError)]
        if failures:
            raise joined(failures)
        jobs = [job for found in results if not isinstance(found, ToolkitError) for job in found]
        refuse_two_digests(jobs)
        return jobs

    def _jobs_of(self, image: ImageOptions, state: State) -> list[Job] | ToolkitError:
        """The jobs of one image, or why there are none: the other images are to be heard, too."""
        try:
            origin = place(self._order.origin, image, self._environments)
            target = place(self._order.to, image, self._environments)
            digest = self._order.digest or self._finder.digest(image, origin, state)
            gate = self._passed(image.name, digest, state)
            return [self._job(image, origin, target, to, digest, gate, state) for to in target.repositories]
        except ToolkitError as error:
            return error

    def _job(
        self,
        image: ImageOptions,
        origin: Place,
        target: Place,
        destination: Repository,
        digest: Digest,
        gate: Literal["on", "off", "overridden"],
        state: State,
    ) -> Job:
        source = self._finder.source(image.name, origin, destination, digest)
        tags = self._finder.tags(image, target, digest, source, state)
        copy = self._registries.copier(source, destination)
        return Job(
            image=image.name,
            source=source,
            destination=destination,
            digest=digest,
            tags=tags.tags,
            gate=gate,
            copy=copy,
            plan=copy.plan(str(digest), tags.tags, immutable=tags.immutable),
        )

    def _passed(self, name: str, digest: Digest, state: State) -> Literal["on", "off", "overridden"]:
        """How the gate stands to a digest; raises VerdictError where it didn't let it pass."""
        if not self._gate:
            return "off"
        reason, hint = refusal_in(state, name, digest, self._order.attestations, self._policy_hash)
        if not reason:
            return "on"
        if self._order.override is None:
            message = f"{name} is not promoted to {self._order.to}: {reason}"
            raise VerdictError(message, hint=hint)
        self._progress.warn(f"{name}: the gate is overridden ({self._order.override}), although {reason}")
        return "overridden"

    def _copy(self, job: Job) -> tuple[Job, ToolkitError | None]:
        try:
            outcome = job.copy.bring(job.plan)
        except ToolkitError as error:
            return job, self._failed(job, error)
        if not job.plan.is_there:
            blobs = f"{outcome.uploaded} blobs sent, {outcome.mounted} mounted, {outcome.present} there"
            self._progress.info(f"{job.image}: {job.digest.short} is in {job.destination}: {blobs}")
        return job, None

    def _point(self, job: Job) -> tuple[Job, Promotion | ToolkitError]:
        try:
            moved = job.copy.point(job.plan)
        except ToolkitError as error:
            return job, self._failed(job, error)
        said = f"{', '.join(moved)} now {job.digest.short}" if moved else f"{', '.join(job.tags)} already there"
        self._progress.info(f"{job.label}: {said}")
        return job, self._promotion(job)

    def _failed(self, job: Job, error: ToolkitError) -> ToolkitError:
        self._progress.warn(f"{job.label}: {error.message}")
        return error

    def _promotion(self, job: Job) -> Promotion:
        return Promotion(
            environment=self._order.to,
            image=job.image,
            source=self._order.origin,
            source_repository=str(job.source),
            repository=str(job.destination),
            digest=job.digest,
            tags=job.tags,
            replaced={move.tag: move.before for move in job.plan.moves if move.before},
            gate=job.gate,
            reason=self._order.override if job.gate == "overridden" else None,
            by=self._order.by,
            at=self._now.isoformat(timespec="seconds"),
            run_url=self._run_url,
        )


def _lanes(jobs: Sequence[Job]) -> list[Sequence[Job]]:
    return [jobs[number::WORKERS] for number in range(WORKERS)]
