"""An image's options and the run's context as the request that a builder takes."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from ci_toolkit.builders.base import BuildCache, BuildRequest, BuildSecret
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.context import CiContext

_OCI = "org.opencontainers.image."


def build_request(image: ImageOptions, context: CiContext, version: str | None, workdir: Path) -> BuildRequest:
    """The request. What the config says of labels and annotations goes before what the context says.

    Outside a git repository a reproducible build has the time 0: any other would differ at the next run.
    """
    described = _described(image, context, version)
    committed = context.committed_at
    return BuildRequest(
        name=image.name,
        context=image.context,
        dockerfile=image.dockerfile,
        target=image.target,
        platforms=image.platforms,
        build_args=image.build_args,
        build_contexts=image.build_contexts,
        secrets=tuple(BuildSecret(id=name, env=s.env, file=s.file) for name, s in image.secrets.items()),
        ssh=image.ssh,
        labels={**described, **image.labels},
        annotations={**described, **image.annotations},
        cache=BuildCache(type=image.cache.type, ref=image.cache.ref, path=image.cache.path, mode=image.cache.mode),
        provenance=image.provenance,
        epoch=(max(0, int(committed.timestamp())) if committed else 0) if image.reproducible else None,
        left_out=_below(workdir, image.context),
    )


def check_inputs(request: BuildRequest, env: Mapping[str, str]) -> None:
    """Raise UsageError for a context, Dockerfile or secret that isn't there, before anything is built."""
    name = request.name
    if not request.context.is_dir():
        message = f"image {name}: the context {request.context} is no directory"
        raise UsageError(message, hint=f"mend `images.{name}.context`")
    if not request.dockerfile.is_file():
        message = f"image {name}: there is no Dockerfile at {request.dockerfile}"
        raise UsageError(message, hint=f"mend `images.{name}.dockerfile`; it is relative to the context")
    for secret in request.secrets:
        if secret.env and not env.get(secret.env):
            message = f"image {name}: build secret {secret.id} wants the variable {secret.env}, which isn't set"
            raise UsageError(message, hint=f"set {secret.env}, or take the secret out of the config")
        if secret.file and not secret.file.is_file():
            message = f"image {name}: build secret {secret.id} wants the file {secret.file}, which isn't there"
            raise UsageError(message, hint=f"write {secret.file}, or take the secret out of the config")


def _described(image: ImageOptions, context: CiContext, version: str | None) -> dict[str, str]:
    """OCI image spec, annotations.md, as far as it is known; `created` is the commit's time."""
    created = context.committed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if context.committed_at else None
    known = {
        "title": image.title or image.name,
        "description": image.description,
        "url": context.source_url,
        "source": context.source_url,
        "revision": context.revision,
        "created": created,
        "version": version,
        "licenses": image.licenses,
    }
    return {f"{_OCI}{key}": value for key, value in known.items() if value}


def _below(workdir: Path, context: Path) -> str | None:
    inner, outer = workdir.resolve(), context.resolve()
    return inner.relative_to(outer).as_posix() if outer in inner.parents else None
