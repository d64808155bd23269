"""What is deployed now, for the gate to hold a new image against: found by manifests, by a tag, or in a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit import state as states
from ci_toolkit.errors import UsageError
from ci_toolkit.model.plan import Action
from ci_toolkit.model.reference import Reference, Repository
from ci_toolkit.report.findings_file import read_findings
from ci_toolkit.steps.baseline_manifests import references_in
from ci_toolkit.steps.deployed import Deployed
from ci_toolkit.steps.quarantine import Quarantine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions, PinOptions
    from ci_toolkit.config.scan_options import BaselineOptions
    from ci_toolkit.progress import Progress
    from ci_toolkit.steps.quarantine import Registries

_STEP = "scan"


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifests:
    """The files that say what is deployed."""

    entries: Sequence[PinOptions]
    repositories: Mapping[str, Sequence[Repository]]
    """Where an image is deployed from, by its name, where those aren't the image's own."""
    root: Callable[[], Path]
    """The directory that the files are in, fetched where that is another repository's; raises RemoteError."""


class Baselines:
    """Finds what is deployed, image by image. Where nothing is, everything counts as new, and a line says so."""

    def __init__(
        self,
        options: BaselineOptions,
        images: Mapping[str, ImageOptions],
        manifests: Manifests,
        *,
        root: Path,
        registries: Registries,
        progress: Progress,
        policy_from: str | None,
    ) -> None:
        """`images`: the config's, by name. `root`: its directory.

        `policy_from`: where the policy is from, where that isn't the checkout: then files of the checkout are the
        change's own word, and don't count.
        """
        self._options = options
        self._images = images
        self._manifests = manifests
        self._root = root
        self._registries = registries
        self._progress = progress
        self._policy_from = policy_from

    def plan(self, names: Iterable[str]) -> Iterator[Action]:
        """What `find` asks."""
        for name in names:
            image = self._images[name]
            first = self._first(image)
            if self._options.tag and first:
                url = self._registries.manifest_url(first, self._options.tag)
                summary = f"find out what is deployed: {first}:{self._options.tag}, which is scanned too"
                yield Action(step=_STEP, kind="request", image=image.name, summary=summary, method="HEAD", url=url)
            else:
                where = f"in {self._options.findings}" if self._options.findings else "by the manifests"
                summary = f"find out {where} what is deployed: only what is new against it counts"
                yield Action(step=_STEP, kind="decide", image=image.name, summary=summary)

    def find(self, name: str) -> Deployed | None:
        """What is deployed of an image; None where nothing is, or nothing that can be relied on.

        Raises RemoteError where a registry doesn't say whether it has it: a verdict doesn't hang on its mood.
        """
        try:
            return self._find(self._images[name])
        except _NothingError as reason:
            self._progress.warn(f"{name}: {reason}, so everything that is found counts as new")
            return None

    def _find(self, image: ImageOptions) -> Deployed:
        if self._options.tag:
            return self._tagged(image, self._options.tag)
        if self._policy_from:
            message = (
                f"the policy is that of {self._policy_from}, and the checkout's files don't tell what is deployed"
            )
            raise _NothingError(message)
        return self._pinned(image) if self._options.manifests else self._known(image, self._options.findings or "")

    def _tagged(self, image: ImageOptions, tag: str) -> Deployed:
        repository = self._first(image)
        if repository is None:
            message = "no registry is known where it could be deployed from"
            raise _NothingError(message)
        return self._held(repository.tagged(tag))

    def _first(self, image: ImageOptions) -> Repository | None:
        """Where the tag is looked for: what a change says of its repositories doesn't count for the base's policy."""
        by_base = self._options.repositories
        if by_base is None:
            return next(iter(_remote(image.repositories)), None)
        found = by_base.get(image.name)
        return found if isinstance(found, Repository) else None

    def _pinned(self, image: ImageOptions) -> Deployed:
        found = references_in(
            self._manifests.root(),
            self._manifests.entries,
            image.name,
            self._manifests.repositories.get(image.name) or tuple(_remote(image.repositories)),
            names=self._images,
        )
        if len({reference.digest for reference in found}) > 1:
            message = "the manifests hold several digests of it (an `environment` may tell which counts)"
            raise _NothingError(message)
        if not found:
            message = "no manifest holds a digest of it"
            raise _NothingError(message)
        return self._held(found[0])

    def _held(self, reference: Reference) -> Deployed:
        repository = reference.repository
        descriptor = self._registries.repository(repository).resolve(str(reference.digest or reference.tag))
        if descriptor is None:
            message = f"{reference} isn't there"
            raise _NothingError(message)
        place = Quarantine(repository, self._registries, self._progress)
        return Deployed(name=str(reference), digest=descriptor.digest, place=place)

    def _known(self, image: ImageOptions, template: str) -> Deployed:
        name = template.replace("{image}", image.name)
        file = self._root / name
        if not file.is_file():
            message = f"there is no {name}"
            raise _NothingError(message)
        if _is_state(file):
            known = states.read(file).image(image.name).reports.get("findings")
            if known is None:
                message = f"{name} knows no findings of it"
                raise _NothingError(message)
            file = self._root / known
        findings = read_findings(file)
        if findings.image != image.name:
            message = f"{name} holds the findings of {findings.image}, not of {image.name}"
            raise UsageError(message, hint="`{image}` in `scan.baseline.findings` stands for the image's name")
        return Deployed(name=name, digest=findings.digest, findings=findings)


class _NothingError(Exception):
    """Why nothing is known to be deployed."""


def _remote(repositories: Sequence[object]) -> Iterator[Repository]:
    return (repository for repository in repositories if isinstance(repository, Repository))


def _is_state(file: Path) -> bool:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "images" in document
