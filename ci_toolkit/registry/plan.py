"""Requests to registries, told in advance: what `ImagePush` and `push_to_disk` do, with nothing connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.plan import Action
from ci_toolkit.model.reference import DOCKER_HUB
from ci_toolkit.registry.host import DOCKER_HUB_HOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ci_toolkit.model.reference import Repository

STEP = "push"

_Request = tuple[str, str, str, str]
"""Method, URL, what for, and under which condition."""


def registry_push(
    image: str, digest: str, tags: Sequence[str], repository: Repository, *, plain: bool
) -> list[Action]:
    """The requests to a registry, in order."""
    base = _base(repository, plain=plain)
    requests = [
        *_looks(base, digest, tags, repository),
        *_content(base, digest, repository),
        *_tags(base, digest, tags),
    ]
    return [
        Action(step=STEP, kind="request", image=image, summary=summary, method=method, url=url, when=when)
        for method, url, summary, when in requests
    ]


def registry_lookup(step: str, image: str, tag: str, repository: Repository, *, plain: bool, when: str) -> Action:
    """The request that tells what a tag points at; what it is itself is fetched by that digest."""
    return Action(
        step=step,
        kind="request",
        image=image,
        summary=f"look for the same image under {repository}:{tag}",
        method="HEAD",
        url=f"{_base(repository, plain=plain)}/manifests/{tag}",
        when=when,
    )


def manifest_url(repository: Repository, reference: str, *, plain: bool) -> str:
    """Where a manifest is asked for."""
    return f"{_base(repository, plain=plain)}/manifests/{reference}"


def disk_push(image: str, digest: str, tags: Sequence[str], directory: Path) -> list[Action]:
    """The writes to a registry on disk, in order."""
    return [
        Action(
            step=STEP,
            kind="write",
            image=image,
            summary=f"copy {digest} with all its platforms",
            path=str(directory / "blobs"),
            when="it isn't there yet",
        ),
        Action(
            step=STEP,
            kind="write",
            image=image,
            summary=f"point {', '.join(tags)} at {digest}",
            path=str(directory / "index.json"),
            when="a tag is new, or has another digest",
        ),
    ]


def _base(repository: Repository, *, plain: bool) -> str:
    host = DOCKER_HUB_HOST if repository.registry == DOCKER_HUB else repository.registry
    return f"{'http' if plain else 'https'}://{host}/v2/{repository.path}"


def _looks(base: str, digest: str, tags: Sequence[str], repository: Repository) -> Iterator[_Request]:
    yield "HEAD", f"{base}/manifests/{digest}", f"ask whether {repository} has {digest}", ""
    for tag in tags:
        yield "HEAD", f"{base}/manifests/{tag}", f"ask what {tag} points at", ""


def _content(base: str, digest: str, repository: Repository) -> Iterator[_Request]:
    blob, missing = "<digest of each blob>", f"the repository lacks {digest}"
    yield "HEAD", f"{base}/blobs/{blob}", f"ask {repository} for each blob", missing
    yield "POST", f"{base}/blobs/uploads/", "begin an upload, or mount from a sibling repository", f"{blob} is missing"
    yield "PUT", f"{base}/blobs/uploads/<upload>?digest={blob}", "send the blob", f"{blob} is missing"
    yield "PUT", f"{base}/manifests/<digest of each platform>", "push each platform's manifest", missing
    yield "PUT", f"{base}/manifests/{digest}", "push the index", missing
    yield "HEAD", f"{base}/manifests/{digest}", "verify", missing


def _tags(base: str, digest: str, tags: Sequence[str]) -> Iterator[_Request]:
    for tag in tags:
        moved = f"{tag} doesn't point at {digest} yet"
        yield "PUT", f"{base}/manifests/{tag}", f"point {tag} at {digest}", moved
        yield "HEAD", f"{base}/manifests/{tag}", "verify", moved
